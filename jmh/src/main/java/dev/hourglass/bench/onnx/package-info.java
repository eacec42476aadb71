/** TinyUNet as an ONNX model, written from this library's weights. */
package dev.hourglass.bench.onnx;
