package dev.hourglass.graph;

import dev.hourglass.memory.Shape;

/**
 * A tensor in a graph.
 *
 * @param id its number, in order of creation
 * @param name the path of the operation that makes it, or the input's name
 * @param shape its axis lengths; images are {@code [N, H, W, C]}
 */
public record Value(int id, String name, Shape shape) {}
