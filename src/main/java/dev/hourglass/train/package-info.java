/** Training: the optimizer, averages, learning-rate schedules, the loop, and checkpoints that a crash cannot damage. */
package dev.hourglass.train;
