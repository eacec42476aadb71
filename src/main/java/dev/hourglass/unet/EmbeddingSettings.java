package dev.hourglass.unet;

import dev.hourglass.io.ModelConfig;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The part of {@link UNet2DConditionSettings} about what comes in beside the images: timesteps, classes, texts and pictures. */
final class EmbeddingSettings {

    /** Tokens that a picture's embedding becomes; diffusers has the numbers in the code. */
    static final int PICTURE_TOKENS = 32;

    /** The same where they go before a text's. */
    static final int PICTURE_TOKENS_BESIDE_TEXT = 10;

    /** Numbers that come with a picture in models of the size and crop of pictures: two each of size, crop and target. */
    private static final int TIME_IDS = 6;

    /** Refiners have a score in place of the target. */
    private static final int REFINER_TIME_IDS = 5;

    private static final int REFINER_WIDTH = 1280;
    private static final String PROJECTED = "projection_class_embeddings_input_dim";
    private static final String ENCODER = "encoder_hid_dim";

    /** How classes come in. */
    enum Classes {
        NONE,
        TABLE,
        TIMESTEP,
        IDENTITY,
        PROJECTION,
        SIMPLE_PROJECTION
    }

    /** What is added to the timestep beside classes. */
    enum Addition {
        NONE,
        TEXT,
        TEXT_TIME,
        TEXT_IMAGE,
        IMAGE
    }

    /** What becomes the tokens that blocks listen to. */
    enum Encoder {
        NONE,
        TEXT,
        TEXT_IMAGE,
        IMAGE
    }

    final boolean cosinesFirst;
    final double freqShift;
    final boolean fourierTime;

    /** Width of an encoded timestep. */
    final int encodedWidth;

    final int timeWidth;
    final String activation;
    final String postActivation;
    final String timeActivation;

    /** Width of the guidance's embedding in distilled models; 0 where there is none. */
    final int guidanceWidth;

    final Classes classes;
    final boolean concatenatesClasses;
    final int classCount;
    final int projectionWidth;
    final Addition addition;
    final int sizeIdWidth;
    final int poolHeads;
    final Encoder encoder;

    /** Width of the tokens that blocks listen to. */
    final int tokenWidth;

    /** Width of the text that comes in. */
    final int textWidth;

    private final int encoderWidth;

    EmbeddingSettings(ModelConfig config, List<Integer> channels, int tokenWidth) {
        this.tokenWidth = tokenWidth;
        cosinesFirst = config.bool("flip_sin_to_cos", true);
        freqShift = config.number("freq_shift", 0);
        fourierTime = config.choice("time_embedding_type", "positional", "positional", "fourier")
                .equals("fourier");
        timeWidth = Rules.atLeast(config, "time_embedding_dim", (fourierTime ? 2 : 4) * channels.getFirst(), 1);
        encodedWidth = fourierTime ? timeWidth : channels.getFirst();
        if (fourierTime && timeWidth % 2 != 0) {
            throw config.invalid("time_embedding_dim", "an even number, as time_embedding_type is fourier");
        }
        if (!fourierTime) {
            Rules.requireFrequencies(config, channels, freqShift);
        }
        activation = Rules.activation(config, "act_fn", "silu");
        postActivation = optionalActivation(config, "timestep_post_act");
        timeActivation = optionalActivation(config, "time_embedding_act_fn");
        guidanceWidth = optionalWidth(config, "time_cond_proj_dim");
        classCount = optionalWidth(config, "num_class_embeds");
        classes = classes(config);
        concatenatesClasses = config.bool("class_embeddings_concat", false);
        addition = addition(config);
        encoderWidth = optionalWidth(config, ENCODER);
        encoder = encoder(config);
        textWidth = encoderWidth > 0 ? encoderWidth : tokenWidth;
        projectionWidth = projectionWidth(config);
        sizeIdWidth = addition == Addition.TEXT_TIME ? sizeIdWidth(config) : 0;
        poolHeads = Rules.atLeast(config, "addition_embed_type_num_heads", 64, 1);
        requireFit(config);
    }

    private static String optionalActivation(ModelConfig config, String key) {
        return config.has(key) ? Rules.activation(config, key, "") : null;
    }

    private static int optionalWidth(ModelConfig config, String key) {
        return config.has(key) ? Rules.atLeast(config, key, 1, 1) : 0;
    }

    private Classes classes(ModelConfig config) {
        if (!config.has("class_embed_type")) {
            return classCount > 0 ? Classes.TABLE : Classes.NONE;
        }
        return switch (config.choice(
                "class_embed_type", "", "timestep", "identity", "projection", "simple_projection")) {
            case "timestep" -> Classes.TIMESTEP;
            case "identity" -> Classes.IDENTITY;
            case "projection" -> Classes.PROJECTION;
            default -> Classes.SIMPLE_PROJECTION;
        };
    }

    private static Addition addition(ModelConfig config) {
        String key = "addition_embed_type";
        if (!config.has(key)) {
            return Addition.NONE;
        }
        if (config.string(key).equals("image_hint")) {
            throw config.invalid(
                    key, "text, text_time, text_image or image: hints, which are pictures, are not supported");
        }
        return switch (config.choice(key, "", "text", "text_time", "text_image", "image")) {
            case "text" -> Addition.TEXT;
            case "text_time" -> Addition.TEXT_TIME;
            case "text_image" -> Addition.TEXT_IMAGE;
            default -> Addition.IMAGE;
        };
    }

    private Encoder encoder(ModelConfig config) {
        String type = "encoder_hid_dim_type";
        if (encoderWidth == 0) {
            if (config.has(type)) {
                throw config.invalid(ENCODER, "the width of what is projected, as encoder_hid_dim_type is set");
            }
            return Encoder.NONE;
        }
        return switch (config.choice(type, "text_proj", "text_proj", "text_image_proj", "image_proj")) {
            case "text_image_proj" -> Encoder.TEXT_IMAGE;
            case "image_proj" -> Encoder.IMAGE;
            default -> Encoder.TEXT;
        };
    }

    private int projectionWidth(ModelConfig config) {
        boolean needed =
                addition == Addition.TEXT_TIME || classes == Classes.PROJECTION || classes == Classes.SIMPLE_PROJECTION;
        if (needed && !config.has(PROJECTED)) {
            throw config.invalid(PROJECTED, "the width of what is projected");
        }
        return needed ? Rules.atLeast(config, PROJECTED, 1, 1) : 0;
    }

    private int sizeIdWidth(ModelConfig config) {
        if (!config.has("addition_time_embed_dim")) {
            throw config.invalid("addition_time_embed_dim", "the width of a number's encoding");
        }
        int width = Rules.atLeast(config, "addition_time_embed_dim", 2, 2);
        if (projectionWidth <= TIME_IDS * width) {
            throw config.invalid(PROJECTED, "more than " + TIME_IDS + " times addition_time_embed_dim");
        }
        return width;
    }

    private void requireFit(ModelConfig config) {
        if (concatenatesClasses && (classes == Classes.NONE || addition != Addition.NONE)) {
            throw config.invalid("class_embeddings_concat", "false without classes, and beside addition_embed_type");
        }
        if (addition == Addition.TEXT && textWidth % poolHeads != 0) {
            throw config.invalid("addition_embed_type_num_heads", "heads that divide a text's width, " + textWidth);
        }
        if (addition == Addition.IMAGE && encoderWidth == 0) {
            throw config.invalid(ENCODER, "the width of a picture's embedding, as addition_embed_type is image");
        }
        boolean widePicture = encoder == Encoder.TEXT_IMAGE || addition == Addition.TEXT_IMAGE;
        boolean encodedPicture = encoder == Encoder.IMAGE || addition == Addition.IMAGE;
        if (widePicture && encodedPicture && encoderWidth != tokenWidth) {
            throw config.invalid(ENCODER, "the width " + tokenWidth + " that a picture has in addition_embed_type");
        }
    }

    /** Width of the embedding that blocks listen to. */
    int listenedWidth() {
        return concatenatesClasses ? 2 * timeWidth : timeWidth;
    }

    /** How many numbers come with a picture; the rest of what is projected is the text's. */
    private int sizeIdCount() {
        boolean refiner = projectionWidth - REFINER_TIME_IDS * sizeIdWidth == REFINER_WIDTH;
        return refiner ? REFINER_TIME_IDS : TIME_IDS;
    }

    /** How many tokens blocks listen to where a text has {@code tokens}. */
    int contextTokens(int tokens) {
        return switch (encoder) {
            case NONE, TEXT -> tokens;
            case TEXT_IMAGE -> PICTURE_TOKENS_BESIDE_TEXT + tokens;
            case IMAGE -> PICTURE_TOKENS;
        };
    }

    /** The inputs, as {@link Architecture#conditions} has them. */
    Map<String, List<Integer>> conditions(int tokens) {
        Map<String, List<Integer>> conditions = new LinkedHashMap<>();
        if (encoder != Encoder.IMAGE || addition == Addition.TEXT) {
            conditions.put(UNet2DCondition.TEXT, List.of(tokens, textWidth));
        }
        conditions.put(UNet2DCondition.TEXT_MASK, List.of(contextTokens(tokens)));
        if (guidanceWidth > 0) {
            conditions.put(UNet2DCondition.TIMESTEP_COND, List.of(guidanceWidth));
        }
        switch (classes) {
            case NONE -> {}
            case TABLE, TIMESTEP -> conditions.put(UNet2DCondition.CLASS_LABELS, List.of());
            case IDENTITY -> conditions.put(UNet2DCondition.CLASS_LABELS, List.of(timeWidth));
            case PROJECTION, SIMPLE_PROJECTION ->
                conditions.put(UNet2DCondition.CLASS_LABELS, List.of(projectionWidth));
        }
        if (addition == Addition.TEXT_TIME) {
            conditions.put(UNet2DCondition.TEXT_EMBEDS, List.of(projectionWidth - sizeIdCount() * sizeIdWidth));
            conditions.put(UNet2DCondition.TIME_IDS, List.of(sizeIdCount()));
        } else if (addition == Addition.TEXT_IMAGE) {
            conditions.put(UNet2DCondition.TEXT_EMBEDS, List.of(tokenWidth));
        }
        if (encoder == Encoder.TEXT_IMAGE || addition == Addition.TEXT_IMAGE) {
            conditions.put(UNet2DCondition.IMAGE_EMBEDS, List.of(tokenWidth));
        } else if (encoder == Encoder.IMAGE || addition == Addition.IMAGE) {
            conditions.put(UNet2DCondition.IMAGE_EMBEDS, List.of(encoderWidth));
        }
        return conditions;
    }
}
