package dev.hourglass.bench.roofline;

import java.util.function.Supplier;

/**
 * A kernel on a representative shape.
 *
 * @param name its family and direction
 * @param shape as its JMH benchmark writes it
 * @param saving how many multiply-adds of the textbook's one of its products stands for
 * @param inPlace whether it changes its operands
 * @param open makes it ready to run
 */
public record Kernel(String name, String shape, double saving, boolean inPlace, Supplier<KernelRun> open) {}
