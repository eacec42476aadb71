/** Off-heap memory: slabs that own it, tensors that are views of it. Who opens a slab closes it. */
package dev.hourglass.memory;
