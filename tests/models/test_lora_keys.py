"""The names that LoRA files give to the layers of a network."""

from __future__ import annotations

import pytest

from invoke_cli.models.lora_keys import read_key, spellings
from tests import checkpoints
from tests.models.conftest import layers


@pytest.mark.parametrize(
    ("name", "part", "module", "role"),
    [
        ("lora_te1_text_model_encoder_layers_0_mlp_fc1.alpha", "text_encoder", "encoder_layers_0_mlp_fc1",
         "alpha"),
        ("lora_te2_text_model_encoder_layers_0_mlp_fc1.lora_up.weight", "text_encoder_2",
         "encoder_layers_0_mlp_fc1", "up"),
        ("unet.mid_block.attentions.0.transformer_blocks.0.attn1.processor.to_q_lora.down.weight", "unet",
         "mid_block_attentions_0_transformer_blocks_0_attn1_to_q", "down"),
        ("mid_block.attn1.processor.to_out_lora.up.weight", "unet", "mid_block_attn1_to_out", "up"),
        ("base_model.model.unet.conv_in.lora_A.default.weight", "unet", "conv_in", "down"),
    ],
)  # fmt: skip
def test_keys_of_other_layouts(name: str, part: str, module: str, role: str) -> None:
    key = read_key(name)
    assert key is not None
    assert (key.part, key.module, key.role) == (part, module, role)


@pytest.mark.parametrize(
    ("original", "ours"),
    [
        ("input_blocks_4_1_transformer_blocks_0_attn1_to_k",
         "down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_k"),
        ("input_blocks_8_1_proj_in", "down_blocks_2_attentions_1_proj_in"),
        ("input_blocks_2_0_in_layers_2", "down_blocks_0_resnets_1_conv1"),
        ("input_blocks_3_0_op", "down_blocks_0_downsamplers_0_conv"),
        ("middle_block_1_transformer_blocks_9_ff_net_2",
         "mid_block_attentions_0_transformer_blocks_9_ff_net_2"),
        ("middle_block_2_emb_layers_1", "mid_block_resnets_1_time_emb_proj"),
        ("output_blocks_5_1_proj_out", "up_blocks_1_attentions_2_proj_out"),
        ("output_blocks_3_0_skip_connection", "up_blocks_1_resnets_0_conv_shortcut"),
        ("output_blocks_2_2_conv", "up_blocks_0_upsamplers_0_conv"),
        ("output_blocks_2_1_conv", "up_blocks_0_upsamplers_0_conv"),
        ("time_embed_2", "time_embedding_linear_2"),
        ("label_emb_0_2", "add_embedding_linear_2"),
        ("input_blocks_0_0", "conv_in"),
        ("out_2", "conv_out"),
    ],
)  # fmt: skip
def test_names_of_the_original_checkpoint_are_translated(original: str, ours: str) -> None:
    assert ours in spellings(original, 2)


@pytest.mark.parametrize("layers_per_block", [1, 2])
def test_every_module_is_found_by_its_original_name(layers_per_block: int) -> None:
    unet = checkpoints.make_unet(layers_per_block=layers_per_block)
    for name in layers(unet):
        original = checkpoints.unet_name(f"{name}.weight", unet).removesuffix(".weight")
        key = read_key(f"lora_unet_{original.replace('.', '_')}.lora_up.weight")
        assert key is not None
        assert name.replace(".", "_") in spellings(key.module, layers_per_block), original
