/** The U-Net families: each a record of settings and a builder that reads like its paper. */
package dev.hourglass.unet;
