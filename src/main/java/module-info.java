/** U-Nets for the JVM: train them, load them, run them. */
module dev.hourglass {
    requires static jdk.incubator.vector;
    requires transitive java.desktop;
    requires jdk.management;
    requires tools.jackson.databind;

    // The command line only.
    requires static info.picocli;
    requires static me.tongfei.progressbar;
    requires static xchart;

    exports dev.hourglass;
    exports dev.hourglass.diffusion;
    exports dev.hourglass.diffusion.scheduler;
    exports dev.hourglass.error;
    exports dev.hourglass.graph;
    exports dev.hourglass.graph.op;
    exports dev.hourglass.io;
    exports dev.hourglass.kernel;
    exports dev.hourglass.measure;
    exports dev.hourglass.memory;
    exports dev.hourglass.nn;
    exports dev.hourglass.parallel;
    exports dev.hourglass.train;
    exports dev.hourglass.unet;

    opens dev.hourglass.cli to
            info.picocli;
}
