/** The operations of a graph: each with its shape rule, its forward and its backward together. Images are {@code [N, H, W, C]}. */
package dev.hourglass.graph.op;
