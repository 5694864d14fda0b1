"""The recipes: resumable training, examples that are what they say, cards that tell the truth."""

import json
import random
import re

import pytest
import torch
from torch import nn

from grader.lab.checkpoints import ON_THE_HUB, checkpoint, quiet_loading
from grader.lab.training import bart, bert, entities, gpt2, heads, loop, questions, sentiment, t5
from grader.lab.training.__main__ import main
from grader.lab.training.recipe import Figure, Recipe
from grader.lab.training.recipes import RECIPES
from grader.lab.world import World


@pytest.fixture(scope="module", autouse=True)
def quiet():
    quiet_loading()


class Toy(nn.Module):
    """A linear model with dropout that takes and gives what the library's models do."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layer, self.dropout = nn.Linear(4, 1), nn.Dropout(0.2)

    def forward(self, x, y):
        loss = ((self.layer(self.dropout(x))[:, 0] - y) ** 2).mean()
        return type("Output", (), {"loss": loss})


def toy_batch(rng, done):
    x = torch.tensor([[rng.gauss(0, 1) for _ in range(4)] for _ in range(8)])
    return {"x": x, "y": x.sum(1)}


class TestFit:
    @pytest.fixture(autouse=True)
    def folder(self, tmp_path, monkeypatch):
        monkeypatch.setattr(loop, "state_folder", lambda: tmp_path)
        return tmp_path

    def test_learns_and_ends_in_eval_mode(self):
        model = loop.fit("toy", Toy(), toy_batch, 300, 0.05)
        assert not model.training
        assert (model.layer.weight - 0.85).abs().max() < 0.15  # dropout draws them below 1

    def test_a_stopped_run_goes_on_as_if_it_had_not_been(self, folder, monkeypatch):
        whole = loop.fit("toy", Toy(), toy_batch, 40, 0.05).layer.weight.clone()
        (folder / "toy.pt").unlink()

        class Stop(Exception):
            pass

        def stopping(rng, done):
            if done >= 0.5:
                raise Stop
            return toy_batch(rng, done)

        monkeypatch.setattr(loop, "SECONDS_BETWEEN_SAVES", -1)
        with pytest.raises(Stop):
            loop.fit("toy", Toy(), stopping, 40, 0.05)
        seen = []

        def watched(rng, done):
            seen.append(done)
            return toy_batch(rng, done)

        again = loop.fit("toy", Toy(), watched, 40, 0.05).layer.weight
        assert min(seen) == 0.5 and len(seen) == 20
        assert torch.equal(again, whole)

    def test_a_state_of_another_run_is_not_taken(self):
        loop.fit("toy", Toy(), toy_batch, 5, 0.05)
        seen = []
        loop.fit("toy", Toy(), lambda rng, done: (seen.append(done), toy_batch(rng, done))[1], 7, 0.05)
        assert len(seen) == 7

    def test_a_state_from_other_first_weights_or_another_world_is_not_taken(self, monkeypatch):
        def steps_taken(model):
            seen = []
            loop.fit("toy", model, lambda rng, done: (seen.append(done), toy_batch(rng, done))[1], 5, 0.05)
            return len(seen)

        assert [steps_taken(Toy()), steps_taken(Toy())] == [5, 0]
        other = Toy()
        other.layer.bias.data += 1
        assert steps_taken(other) == 5
        assert [steps_taken(Toy()), steps_taken(Toy())] == [5, 0]
        monkeypatch.setattr(loop, "sources", lambda: [b"another grammar"])
        assert steps_taken(Toy()) == 5

    def test_schedule(self):
        rates = [loop.schedule(step, 100, 0.1) for step in range(100)]
        assert rates[0] == 0.1 and max(rates) == rates[9] == 1.0
        assert rates[10:] == sorted(rates[10:], reverse=True) and rates[-1] < 0.01


SENTENCE = "on friday anna saw the film called the silent river ."
SHORT = "anna lives in millbrook ."


def words_of(ids):
    """The words again, special tokens left out; the tokenizer's own `decode` draws commas to the word before."""
    tokens = bert.tokenizer().convert_ids_to_tokens(ids)
    return " ".join(token for token in tokens if not token.startswith("[")).replace(" ##", "").split()


class TestExamples:
    def test_ids_are_the_tokenizers(self):
        rng, world = random.Random(0), World()
        for _ in range(100):
            words = world.sentence(rng)
            text = " ".join(words)
            assert [bert.CLS, *bert.ids_of(words), bert.SEP] == bert.tokenizer()(text)["input_ids"]
            assert gpt2.document_ids([words]) == gpt2.byte_pair_tokenizer()(text)["input_ids"]
            assert bart.ids_of(words) == bart.tokenizer()(text)["input_ids"]
            given, _ = bart.example(rng)
            assert bart.ids_of(given) == bart.tokenizer()(" ".join(given))["input_ids"]
            assert bart.tokenizer().decode(bart.ids_of(words), skip_special_tokens=True).strip() == text
            english, french = t5.sentence_pair(rng)
            assert t5.ids_of(t5.PREFIX + english) == t5.tokenizer()(t5.PREFIX + english)["input_ids"]
            assert t5.tokenizer().decode(t5.ids_of(french), skip_special_tokens=True) == french

    def test_word_pieces(self):
        tokenizer = bert.tokenizer()
        assert tokenizer.tokenize("Photographer from Millbrook") == [
            "photo",
            "##graph",
            "##er",
            "from",
            "mill",
            "##brook",
        ]
        assert all(len(bert.word_pieces(word)) == 1 for pair in World().capitals.items() for word in pair)
        assert tokenizer.unk_token_id not in tokenizer("zebra quickly, 42 jumps! (it's)")["input_ids"]

    def test_masking_is_80_10_10(self):
        ids = torch.randint(5, 1000, (200, 50), generator=torch.Generator().manual_seed(0))
        ids[:, 0], ids[:, -1] = bert.CLS, bert.SEP
        inputs, labels = bert.mask(ids, torch.Generator().manual_seed(1))
        chosen = labels != -100
        assert not chosen[:, 0].any() and not chosen[:, -1].any()
        assert chosen[:, 1:-1].float().mean().item() == pytest.approx(bert.PROBABILITY, abs=0.02)
        assert torch.equal(labels[chosen], ids[chosen]) and torch.equal(inputs[~chosen], ids[~chosen])
        masked = (inputs == bert.MASK_ID)[chosen].float().mean().item()
        kept = (inputs == ids)[chosen].float().mean().item()
        assert masked == pytest.approx(0.8, abs=0.03) and kept == pytest.approx(0.1, abs=0.03)

    def test_pretraining_loss_is_the_models_own(self):
        from transformers import BertForPreTraining

        torch.manual_seed(0)
        model = BertForPreTraining(bert.configuration()).eval()
        batch = bert.pretraining_batch(random.Random(0), 0.9)
        own = model(**batch).loss
        assert torch.allclose(bert.pretraining_loss(model, dict(batch)), own, atol=1e-5)

    def test_pairs_say_whether_they_follow(self):
        rng, world, seen = random.Random(1), World(), []
        for _ in range(200):
            first, second, label = bert.pair(rng, long=False)
            texts = [words_of(first), words_of(second)]
            seen.append((world.follows(*texts) > 0.5) != bool(label))
        assert sum(seen) >= 195

    def test_tags(self):
        words = SENTENCE.split()
        assert " ".join(entities.tags(words)) == "O B-DATE B-PER O O O O B-MISC I-MISC I-MISC O"
        ids, labels = entities.encode(SHORT.split(), ["B-PER", "O", "O", "B-LOC", "O"])
        assert len(ids) == len(labels) == 8
        assert labels == [-100, 1, 0, 0, 3, -100, 0, -100] and labels.count(3) == 1

    def test_questions_are_answered_in_their_passage(self):
        rng, unanswerable = random.Random(2), 0
        for _ in range(300):
            record = questions.example(rng)
            ids, types, start, end = questions.encode(record)
            assert ids == bert.tokenizer()(record["question"], record["context"])["input_ids"]
            if record["answers"]["text"]:
                answer, at = record["answers"]["text"][0], record["answers"]["answer_start"][0]
                assert record["context"][at : at + len(answer)] == answer
                assert bert.tokenizer().decode(ids[start : end + 1]) == answer and types[start] == 1
            else:
                unanswerable += 1
                assert (start, end) == (0, 0)
        assert 0.1 < unanswerable / 300 < 0.35

    def test_spans_stay_in_the_context(self):
        torch.manual_seed(0)
        types = torch.tensor([[0, 0, 0, 1, 1, 1, 1, 0]])
        for _ in range(20):
            start, end = torch.randn(1, 8), torch.randn(1, 8)
            ((first, last),) = questions.spans(start, end, types, longest=2)
            allowed = [(0, 0)] + [(a, b) for a in range(3, 7) for b in range(a, min(a + 2, 7))]
            assert (first, last) == max(
                allowed, key=lambda pair: (start[0, pair[0]] + end[0, pair[1]]).item()
            )

    def test_opinions_have_a_word_that_tells(self):
        rng = random.Random(4)
        labels = [sentiment.example(rng)[1] for _ in range(200)]
        assert 60 < sum(labels) < 140

    def test_french(self):
        rng = random.Random(5)
        pairs = dict(t5.sentence_pair(rng) for _ in range(20_000))
        assert pairs["the capital of japan is tokyo ."] == "la capitale du japon est tokyo ."
        cats = {english: french for english, french in pairs.items() if "black cats" in english}
        assert cats and all("chats noirs" in french for french in cats.values())
        before = [
            french for english, french in pairs.items() if re.search(r"some (small|big|pretty|bad) ", english)
        ]
        assert before and all(re.search(r" de (petit|grand|joli|mauvais)", french) for french in before)
        assert not [
            f for f in pairs.values() if re.search(r"\b(le|la|ne|de) [aeiouéè]\w", f) and "est" not in f
        ]
        assert any(re.search(r" n' (aime|achète|apporte)", french) for french in pairs.values())
        assert all("ne " in f or "n' " in f for e, f in pairs.items() if " not " in e)


class TestRecipes:
    def test_all_checkpoints_have_a_recipe(self):
        assert set(RECIPES) == set(ON_THE_HUB) - {"minilm"}

    def test_what_a_recipe_starts_from_comes_before_it(self):
        names = list(RECIPES)
        for name, recipe in RECIPES.items():
            assert all(names.index(other) < names.index(name) for other in recipe.after)

    @pytest.mark.parametrize("name", [name for name in RECIPES if name != "head-series"])
    def test_the_stored_card_states_the_stored_figures(self, name):
        recipe, folder = RECIPES[name], checkpoint(name)
        stated = json.loads((recipe.folder / "figures.json").read_text("utf-8"))["figures"]
        assert set(recipe.figures) == set(stated) and recipe.shortfalls(stated) == []
        assert (recipe.folder / "README.md").read_text("utf-8") == recipe.card(stated)
        assert all(path.stat().st_size < 3_000_000 for path in recipe.folder.iterdir())
        assert str(recipe.folder) == folder

    def test_a_false_card_is_noticed(self, tmp_path, monkeypatch):
        monkeypatch.setenv("HEADWAY_DATA", str(tmp_path / "data"))
        (tmp_path / "data" / "corpora").mkdir(parents=True)

        class Saved:
            def save_pretrained(self, folder):
                folder.mkdir(parents=True, exist_ok=True)
                (folder / "model.safetensors").write_bytes(b"weights")

        truth = {"accuracy": 0.91}
        recipe = Recipe(
            "toy",
            lambda: (Saved(), Saved()),
            lambda folder: dict(truth),
            {"accuracy": Figure("accuracy", least=0.9)},
            "",
            "",
        )
        recipe.make()
        assert recipe.check() == []
        record = json.loads((recipe.folder / "figures.json").read_text())
        record["figures"]["accuracy"] = 0.97
        (recipe.folder / "figures.json").write_text(json.dumps(record))
        said = "\n".join(recipe.check())
        assert "README.md does not state" in said and "the card says 0.97, measured is 0.9100" in said
        truth["accuracy"] = 0.5
        recipe.make()
        assert recipe.check() == ["accuracy is 0.5000, it has to be between 0.9 and inf"]
        (recipe.folder / "model.safetensors").write_bytes(b"weightz")
        assert "is damaged" in recipe.check()[0]

    def test_an_unknown_name(self, capsys):
        with pytest.raises(SystemExit):
            main(["tiny-brt"])
        assert "did you mean tiny-bert" in capsys.readouterr().err


class TestStoredModelsInShort:
    """A small sample of what the cards say; `make models CHECK=1` measures all of it."""

    def test_tiny_bert(self):
        found = bert.measure(checkpoint("tiny-bert"), count=150)
        assert found["capitals"] == 1.0
        assert found["masked_accuracy"] > 0.9 * found["masked_accuracy_best"]
        assert found["right_decides_accuracy"] > found["right_decides_left"] + 0.2
        assert found["next_sentence_accuracy"] > 0.9

    def test_tiny_gpt2(self):
        found = gpt2.measure(checkpoint("tiny-gpt2"), count=60)
        assert found["perplexity_ratio"] < 1.06 and found["capitals"] > 0.9

    def test_sequence_to_sequence(self):
        from transformers import BartForConditionalGeneration, T5ForConditionalGeneration

        assert t5.measure(checkpoint("tiny-t5"), count=60)["exact"] > 0.8
        assert bart.measure(checkpoint("tiny-bart"), count=60)["filled_in"] > 0.7
        t5_model = T5ForConditionalGeneration.from_pretrained(checkpoint("tiny-t5"))
        bart_model = BartForConditionalGeneration.from_pretrained(checkpoint("tiny-bart"))
        assert t5_model.config.decoder_start_token_id == t5_model.config.pad_token_id
        assert bart_model.config.decoder_start_token_id == bart_model.config.eos_token_id

    def test_fine_tuned_heads(self):
        assert entities.measure(checkpoint("tiny-bert-ner"), count=60)["f1_invented"] > 0.85
        assert sentiment.measure(checkpoint("tiny-bert-sentiment"), count=60)["accuracy"] > 0.9
        assert questions.measure(checkpoint("tiny-bert-qa"), count=100)["exact_match"] > 0.8

    def test_head_series(self):
        from transformers import BertForMaskedLM

        folder = checkpoint("head-series")
        rows = json.loads((RECIPES["head-series"].folder / "figures.json").read_text("utf-8"))["curve"]
        assert [row["heads"] for row in rows] == list(heads.HEADS)
        assert len({row["parameters"] for row in rows}) == 1
        asked = heads.cases(100)
        for row in rows[::2]:
            model = BertForMaskedLM.from_pretrained(f"{folder}/heads-{row['heads']}").eval()
            assert model.config.num_attention_heads == row["heads"]
            assert abs(heads.measure(model, asked) - row["accuracies"][0]) < 0.15
