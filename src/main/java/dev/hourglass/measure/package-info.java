/** How fast a model runs on this machine: jobs, their times in turns, the processor's peak beside them, and a report. */
package dev.hourglass.measure;
