/** The one exception that bad input of any kind ends in. */
package dev.hourglass.error;
