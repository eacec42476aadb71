/**
 * Files: safetensors, model folders, IDX and PNG images, JSON. What is read is hostile until checked: whatever is wrong
 * with it ends in a {@link dev.hourglass.error.HourglassException}, and memory is taken only for what a file has been
 * seen to hold. What is written appears under its name whole or not at all. Nothing here knows what a network is.
 */
package dev.hourglass.io;
