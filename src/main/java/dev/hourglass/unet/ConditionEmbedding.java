package dev.hourglass.unet;

import dev.hourglass.graph.Value;
import dev.hourglass.kernel.TimestepEncoding;
import dev.hourglass.nn.AttentionPooling;
import dev.hourglass.nn.Scope;
import dev.hourglass.nn.TimestepEmbedding;
import java.util.Map;

/**
 * What the blocks of a {@link UNet2DCondition} listen to: one embedding of timesteps, classes and additions, and the tokens of a text, of a
 * picture, or of both.
 *
 * @param settings the model's
 */
record ConditionEmbedding(EmbeddingSettings settings) {

    /** The embedding of timesteps and of whatever else goes into every residual block, {@code [N, timeWidth]}. */
    Value time(Scope top, Value t, Map<String, Value> conditions) {
        Scope at = top.at("time_embedding");
        Value encoded = encoded(top.at("time_proj"), t);
        if (settings.guidanceWidth > 0) {
            Value guidance = conditions.get(UNet2DCondition.TIMESTEP_COND);
            encoded = at.add(encoded, at.at("cond_proj").linear(guidance, settings.encodedWidth, false));
        }
        Value time = TimestepEmbedding.apply(at, encoded, settings.timeWidth, settings.activation);
        if (settings.postActivation != null) {
            time = at.at("post_act").activation(time, settings.postActivation);
        }
        if (settings.classes != EmbeddingSettings.Classes.NONE) {
            Value classes = classes(top, conditions.get(UNet2DCondition.CLASS_LABELS));
            Scope both = top.at("class_embedding");
            time = settings.concatenatesClasses ? both.concat(time, classes) : both.add(time, classes);
        }
        if (settings.addition != EmbeddingSettings.Addition.NONE) {
            time = top.at("add_embedding").add(time, addition(top, conditions));
        }
        return settings.timeActivation == null
                ? time
                : top.at("time_embed_act").activation(time, settings.timeActivation);
    }

    private Value classes(Scope top, Value labels) {
        Scope at = top.at("class_embedding");
        return switch (settings.classes) {
            case TABLE -> at.embedding(labels, settings.classCount, settings.timeWidth);
            case TIMESTEP ->
                TimestepEmbedding.apply(
                        at, encoded(top.at("time_proj"), labels), settings.timeWidth, settings.activation);
            case IDENTITY -> labels;
            case PROJECTION -> TimestepEmbedding.apply(at, labels, settings.timeWidth, "silu");
            case SIMPLE_PROJECTION -> at.linear(labels, settings.timeWidth);
            case NONE -> throw new IllegalStateException("no classes");
        };
    }

    private Value addition(Scope top, Map<String, Value> conditions) {
        Scope at = top.at("add_embedding");
        int width = settings.timeWidth;
        Value picture = conditions.get(UNet2DCondition.IMAGE_EMBEDS);
        Value pooled = conditions.get(UNet2DCondition.TEXT_EMBEDS);
        return switch (settings.addition) {
            case TEXT -> {
                Value text = at.at("norm1").layerNorm(conditions.get(UNet2DCondition.TEXT));
                Value row = AttentionPooling.apply(at.at("pool"), text, settings.poolHeads);
                yield at.at("norm2").layerNorm(at.at("proj").linear(row, width));
            }
            case TEXT_TIME -> {
                Value ids = top.at("add_time_proj")
                        .sinusoidal(
                                conditions.get(UNet2DCondition.TIME_IDS),
                                settings.sizeIdWidth,
                                order(),
                                settings.freqShift);
                yield TimestepEmbedding.apply(at, at.concat(pooled, ids), width, "silu");
            }
            case TEXT_IMAGE -> {
                Value text = at.at("text_norm").layerNorm(at.at("text_proj").linear(pooled, width));
                yield at.add(at.at("image_proj").linear(picture, width), text);
            }
            case IMAGE -> at.at("image_norm").layerNorm(at.at("image_proj").linear(picture, width));
            case NONE -> throw new IllegalStateException("nothing to add");
        };
    }

    private Value encoded(Scope at, Value t) {
        return settings.fourierTime
                ? at.fourier(t, settings.encodedWidth / 2, 1, false, order())
                : at.sinusoidal(t, settings.encodedWidth, order(), settings.freqShift);
    }

    private TimestepEncoding.Order order() {
        return settings.cosinesFirst ? TimestepEncoding.Order.COS_SIN : TimestepEncoding.Order.SIN_COS;
    }

    /** The tokens that blocks listen to, {@code [N, contextTokens, tokenWidth]}. */
    Value tokens(Scope top, Map<String, Value> conditions) {
        Scope at = top.at("encoder_hid_proj");
        Value text = conditions.get(UNet2DCondition.TEXT);
        return switch (settings.encoder) {
            case NONE -> text;
            case TEXT -> at.linear(text, settings.tokenWidth);
            case TEXT_IMAGE -> {
                Value picture = picture(at, conditions, EmbeddingSettings.PICTURE_TOKENS_BESIDE_TEXT);
                yield at.concatTokens(picture, at.at("text_proj").linear(text, settings.tokenWidth));
            }
            case IMAGE -> at.at("norm").layerNorm(picture(at, conditions, EmbeddingSettings.PICTURE_TOKENS));
        };
    }

    private Value picture(Scope at, Map<String, Value> conditions, int tokens) {
        Value picture = conditions.get(UNet2DCondition.IMAGE_EMBEDS);
        Value row = at.at("image_embeds").linear(picture, tokens * settings.tokenWidth);
        return at.reshape(row, tokens, settings.tokenWidth);
    }
}
