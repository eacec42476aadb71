package dev.hourglass.diffusion.scheduler;

/** The weights of UniPC (arXiv 2302.04867, theorem 3.1 and appendix E): they follow from the noise levels alone. */
final class UniPcWeights {

    private final SolverPlan levels;
    private final boolean predictsClean;
    private final boolean plainStep;

    /**
     * Binds the noise levels.
     *
     * @param predictsClean whether the history holds clean images, or else noise
     * @param plainStep whether B(h) is the step itself ("bh1") and not its exponential less one ("bh2")
     */
    UniPcWeights(SolverPlan levels, boolean predictsClean, boolean plainStep) {
        this.levels = levels;
        this.predictsClean = predictsClean;
        this.plainStep = plainStep;
    }

    /** Weights of the sample and of the predictions of {@code step} and those before it. */
    double[] predictor(int step, int order) {
        double[] all = weights(step, order, false);
        double[] weights = new double[order + 1];
        weights[0] = all[0];
        System.arraycopy(all, 2, weights, 1, order);
        return weights;
    }

    /** Weights of the sample, of the prediction after {@code step}, and of those of {@code step} and before it. */
    double[] corrector(int step, int order) {
        return weights(step, order, true);
    }

    private double[] weights(int step, int order, boolean corrects) {
        double h = levels.lambda(step + 1) - levels.lambda(step);
        double signed = predictsClean ? -h : h;
        double[] nodes = new double[order]; // where the earlier predictions are, in steps; the next one is at 1
        for (int i = 1; i < order; i++) {
            nodes[i - 1] = (levels.lambda(step - i) - levels.lambda(step)) / h;
        }
        nodes[order - 1] = 1;
        double whole = Math.expm1(signed);
        double scale = predictsClean ? levels.alpha(step + 1) : levels.sigma(step + 1);
        double unit = -scale * (plainStep ? signed : whole);

        double[] shares = corrects ? correctorShares(nodes, signed) : predictorShares(nodes, signed);
        double[] weights = new double[order + 2];
        weights[0] = predictsClean
                ? levels.sigma(step + 1) / levels.sigma(step)
                : levels.alpha(step + 1) / levels.alpha(step);
        weights[2] = -scale * whole;
        for (int i = 0; i < shares.length; i++) {
            double weight = unit * shares[i] / nodes[i];
            weights[i == order - 1 ? 1 : 3 + i] = weight;
            weights[2] -= weight;
        }
        return weights;
    }

    private double[] predictorShares(double[] nodes, double signed) {
        return switch (nodes.length) {
            case 1 -> new double[0];
            case 2 -> new double[] {0.5};
            default -> solve(nodes, signed, nodes.length - 1);
        };
    }

    private double[] correctorShares(double[] nodes, double signed) {
        return nodes.length == 1 ? new double[] {0.5} : solve(nodes, signed, nodes.length);
    }

    /** The shares whose moments at the nodes are those of the exponential. */
    private double[] solve(double[] nodes, double signed, int count) {
        double[][] rows = new double[count][count + 1];
        double divisor = plainStep ? signed : Math.expm1(signed);
        double phi = Math.expm1(signed) / signed - 1;
        double factorial = 1;
        for (int i = 0; i < count; i++) {
            for (int j = 0; j < count; j++) {
                rows[i][j] = Math.pow(nodes[j], i);
            }
            rows[i][count] = phi * factorial / divisor;
            factorial *= i + 2;
            phi = phi / signed - 1 / factorial;
        }
        return eliminate(rows);
    }

    /** Gauss's elimination with pivots; the last column is the right side. */
    private static double[] eliminate(double[][] rows) {
        int count = rows.length;
        for (int k = 0; k < count; k++) {
            for (int i = k + 1; i < count; i++) {
                if (Math.abs(rows[i][k]) > Math.abs(rows[k][k])) {
                    double[] swapped = rows[k];
                    rows[k] = rows[i];
                    rows[i] = swapped;
                }
            }
            for (int i = k + 1; i < count; i++) {
                double factor = rows[i][k] / rows[k][k];
                for (int j = k; j <= count; j++) {
                    rows[i][j] -= factor * rows[k][j];
                }
            }
        }
        double[] solution = new double[count];
        for (int i = count - 1; i >= 0; i--) {
            double rest = rows[i][count];
            for (int j = i + 1; j < count; j++) {
                rest -= rows[i][j] * solution[j];
            }
            solution[i] = rest / rows[i][i];
        }
        return solution;
    }
}
