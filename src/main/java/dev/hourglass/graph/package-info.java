/**
 * Computation graphs: {@link dev.hourglass.graph.Graph} collects operations, {@link dev.hourglass.graph.Planner} gives every value a
 * place in memory, {@link dev.hourglass.graph.Program} runs forward and backward. Everything is decided at compile time.
 */
package dev.hourglass.graph;
