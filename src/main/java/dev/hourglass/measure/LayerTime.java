package dev.hourglass.measure;

/**
 * What one operation of a model costs.
 *
 * @param path where it is in the model
 * @param operation what it does, in a word or two
 * @param multiplyAdds of one step of the job, backward counted as two more forward passes; 0 for what is no matrix product
 * @param forwardMillis the median time of its forward pass
 * @param backwardMillis the median time of its backward pass; 0 where there is none
 */
public record LayerTime(String path, String operation, long multiplyAdds, double forwardMillis, double backwardMillis) {

    /** Forward and backward together. */
    public double millis() {
        return forwardMillis + backwardMillis;
    }

    /** GFLOP/s; 0 for what is no matrix product. */
    public double gflops() {
        return millis() > 0 ? 2e-6 * multiplyAdds / millis() : 0;
    }
}
