/** Building blocks that add operations to a graph and name parameters by path. They know graphs, not kernels. */
package dev.hourglass.nn;
