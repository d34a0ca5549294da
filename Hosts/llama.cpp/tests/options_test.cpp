/* The command line: what is taken, and what is refused with which words. No model. */
#include "support.h"

#include "failure.h"
#include "options.h"

using Words = std::vector<std::string>;

static Options parse(const Words &words) {
    static std::string program = "steer-llama", flag = "--model", model = "m.gguf";
    std::vector<char *> arguments = {&program[0], &flag[0], &model[0]};
    Words own = words;
    for (std::string &word : own) arguments.push_back(&word[0]);
    return parse_options(int(arguments.size()), arguments.data());
}

static void refused(const std::string &expected, const Words &words) {
    try {
        parse(words);
        EXPECT(false, "taken, expected '%s'", expected.c_str());
    } catch (const Failure &failure) {
        EXPECT(failure.code == EXIT_USAGE, "exit code %d of '%s'", failure.code, failure.what());
        EXPECT(std::string(failure.what()).find(expected) != std::string::npos,
               "found '%s', expected '%s'", failure.what(), expected.c_str());
    }
}

static Words with(Words words, const Words &more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

int main() {
    const Words prompts = {"--prompts-file", "p.jsonl", "--output", "o.jsonl"};
    const Words texts = {"--score-file", "t.jsonl", "--output", "o.jsonl"};
    const Words mark = {"--token-mark", "kgw", "--token-key", "secret"};

    const Options plain = parse(prompts);
    EXPECT(plain.n_parallel == 16 && plain.top_k == 0 && plain.top_p == 1, "defaults");
    EXPECT(!plain.token_mark.is_on(), "a mark by itself");
    const Options full = parse(with(with(prompts, mark), {"--token-delta", "1.5", "--token-gamma",
        "0.25", "--temp", "1", "--top-k", "64", "--top-p", "0.95", "--parallel", "3"}));
    EXPECT(full.token_mark.kind == TokenMarkKind::kgw, "kind");
    EXPECT(full.token_mark.delta == 1.5 && full.token_mark.gamma == 0.25, "delta and gamma");
    EXPECT(full.top_k == 64 && full.top_p == 0.95f && full.n_parallel == 3, "values");
    const Options unigram = parse(with(texts, {"--token-key", "k", "--token-mark", "unigram"}));
    EXPECT(unigram.token_mark.kind == TokenMarkKind::unigram, "kind");
    EXPECT(unigram.token_mark.delta == 2 && unigram.token_mark.gamma == 0.5, "defaults");

    refused("--prompt is missing", {});
    refused("--prompts-file needs --output", {"--prompts-file", "p.jsonl"});
    refused("--score-file needs --output", {"--score-file", "t.jsonl"});
    refused("--prompts-file and --score-file exclude each other",
            with(prompts, {"--score-file", "t.jsonl"}));
    refused("--prompt and --prompts-file exclude each other", with(prompts, {"--prompt", "A"}));
    refused("--output means nothing with --prompt", {"--prompt", "A", "--output", "o.jsonl"});
    refused("--parallel means nothing with --score-file", with(texts, {"--parallel", "2"}));
    refused("--temp means nothing with --score-file", with(texts, {"--temp", "1"}));
    refused("--capture means nothing with --score-file", with(texts, {"--capture", "c"}));
    refused("--no-baseline means nothing with --prompts-file", with(prompts, {"--no-baseline"}));
    refused("--sae is missing", with(prompts, {"--plan", "a.json"}));
    refused("--parallel is '0', expected a whole number from 1", with(prompts, {"--parallel", "0"}));
    refused("--top-k needs --temp above 0", with(prompts, {"--top-k", "5"}));
    refused("--top-p is '0', expected above 0 and at most 1",
            with(prompts, {"--temp", "1", "--top-p", "0"}));
    refused("--top-p is '1.5', expected above 0", with(prompts, {"--temp", "1", "--top-p", "1.5"}));
    refused("--token-mark is 'ewd', expected kgw or unigram", with(prompts, {"--token-mark", "ewd"}));
    refused("--token-mark needs --token-key", with(prompts, {"--token-mark", "kgw"}));
    refused("--token-key needs --token-mark", with(prompts, {"--token-key", "k"}));
    refused("--token-key is empty", with(prompts, {"--token-mark", "kgw", "--token-key", ""}));
    refused("--token-gamma is '1', expected 0.001 to 0.999",
            with(with(prompts, mark), {"--token-gamma", "1"}));
    refused("--token-delta is '-1', expected 0 to 100",
            with(with(prompts, mark), {"--token-delta", "-1"}));
    const Words key = {"--watermark", "k.json", "--bank", "b", "--sae", "s"};
    const Options marked = parse(with(with(prompts, key), {"--strength", "1.5"}));
    EXPECT(marked.watermark == "k.json" && marked.bank == "b" && marked.mark_strength == 1.5, "key");
    EXPECT(marked.strength == STEER_STRENGTH_DECODER && marked.has_plan(), "strength");
    const Options early = parse(with(with(texts, {"--strength", "2", "--per-token"}), key));
    EXPECT(early.mark_strength == 2 && early.wants_tokens, "--strength before --watermark");
    const Options one = parse(with({"--prompt", "A", "--document", "d"}, key));
    EXPECT(one.document == "d" && one.mark_strength == 0 && one.has_plan(), "document");
    refused("--watermark needs --bank", with(prompts, {"--watermark", "k.json", "--sae", "s"}));
    refused("--sae is missing", with(prompts, {"--watermark", "k.json", "--bank", "b"}));
    refused("--bank needs --watermark", with(prompts, {"--bank", "b"}));
    refused("--document needs --watermark", {"--prompt", "A", "--document", "d"});
    refused("--document means nothing with --prompts-file",
            with(with(prompts, key), {"--document", "d"}));
    refused("--document is empty", with({"--prompt", "A", "--document", ""}, key));
    refused("--watermark and --plan exclude each other",
            with(with(prompts, key), {"--plan", "a.json"}));
    refused("--watermark and --feature exclude each other",
            with(with(prompts, key), {"--feature", "1", "--alpha", "1"}));
    refused("--strength is 'unit', expected a number",
            with(with(prompts, key), {"--strength", "unit"}));
    refused("--strength is '0', expected a number above 0",
            with(with(prompts, key), {"--strength", "0"}));
    refused("--strength is '2', expected decoder", with(prompts, {"--strength", "2"}));
    refused("--watermark means nothing with --text-file",
            with({"--text-file", "t", "--capture", "c"}, key));
    refused("--per-token means nothing with --prompts-file", with(prompts, {"--per-token"}));
    refused("--per-token needs --sae", with(texts, {"--per-token"}));
    return finished("options");
}
