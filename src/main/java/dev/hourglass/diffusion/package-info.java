/** Diffusion: noise schedules, the training objective and samplers, over anything that predicts noise. Schedules are in double. */
package dev.hourglass.diffusion;
