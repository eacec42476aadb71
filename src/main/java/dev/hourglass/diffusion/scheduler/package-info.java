/**
 * The schedulers of Hugging Face's diffusers, equal in their numbers: from the outputs of a model to an image, step by step. {@link
 * dev.hourglass.diffusion.scheduler.Schedulers} reads a {@code scheduler_config.json}.
 */
package dev.hourglass.diffusion.scheduler;
