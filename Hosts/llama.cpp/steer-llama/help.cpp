#include "options.h"

const char *const help_text =
    R"(usage: steer-llama --model m.gguf --sae dir --feature 1234 --alpha 4 --prompt "..."

Generates with llama.cpp, un-steered and steered at once, and shows both.

  --model FILE          model, GGUF
  --sae DIR             folder of the dictionary
  --prompt TEXT         what to continue; repeatable: all prompts run as sequences of one batch
  -n, --predict N       tokens to generate at most (64)

What to do, for all prompts:
  --feature I           feature to steer; repeatable, paired with --alpha
  --alpha X             amount, one per --feature or one for all
  --mode M              add, clamp, floor, ceiling, scale, ablate or project-out (add)
  --strength S          decoder, unit, relative or max-activation (decoder)
  --max-activation X    largest activation, one per --feature, for --strength max-activation
  --skip-first N        leave positions below this alone; 1 skips BOS (0)
  --phase P             all, prompt or generated (all)
  --plan FILE           plan as JSON in place of these flags. Behind a --prompt it is that prompt's
                        own; before the first --prompt it is for all. none: leave the prompt alone
  --layer L             act after block L, wherever the dictionary says that it reads
  --no-baseline         only the steered continuations

How to run:
  --temp X, --seed N    sample at this temperature, 0.001 to 1000 (0: the likeliest token), with
                        this seed (0)
  --top-k N, --top-p P  draw from the N likeliest tokens (0: all), and of those from the fewest
                        that hold P of the probability (1: all). Order: token mark, top-k, top-p,
                        temperature
  --ctx N               positions per sequence (as many as needed); windows of whole texts (256);
                        at most the model's own context
  --batch N             prompt tokens per decode at most (512)
  --threads N           threads (all cores)
  --gpu-layers N        layers on the GPU (all, where there is one)
  --json                report for scripts
  --verbose             llama.cpp's own messages too

Residual rows into a file that steerctl reads:
  --capture FILE        safetensors with activations, tokens, positions, documents, special and
                        steered: 1 where the row's prompt has a plan, whose un-steered twin is
                        left out. Several layers: FILE gets .layer-L before its suffix
  --capture-layer L     block whose output to keep; repeatable (the plan's layer)
  --text-file FILE      in place of prompts: every line is a document, cut into windows of --ctx
                        with BOS first; repeatable. Needs --capture, generates nothing
  --documents-file FILE in place of --text-file: every line is an object with a string "text";
                        repeatable
For both, FILE.documents.jsonl beside FILE.safetensors says what rows belong to: "document" and
"pieces", one per row, and all other members of the documents file as they stand.

Many prompts, one continuation each:
  --prompts-file FILE   JSON Lines with "prompt" and, if wanted, "id", "seed" and "plan" (a file or
                        "none"; goes before --plan); repeatable
  --output FILE         the same objects with "text", "tokens", "prompt_tokens", "finished" (length
                        or end), "sampling", "token_mark" and "edited" (rows), or "error"; without
                        what was said of an earlier text. Complete or not at all
  --parallel N          prompts at once, as sequences of one context (16)

Many texts, read anew and scored:
  --score-file FILE     JSON Lines with "text" and, if wanted, "prompt" and "plan"; repeatable
  --output FILE         the same objects with "tokens", "log_likelihood" (natural), "perplexity",
                        "cut" (true: longer than --ctx, 2048 tokens or the model's context) and
                        "model", or "error". Earlier members of these names, and of what the flags
                        below add, are replaced; all others stay
  --sae, --plan         each text is read steered too: "log_ratio", log-likelihood steered minus
                        plain

Watermarks in the structure of texts:
  --watermark FILE      key; each prompt has the plan that follows from it, each text of --score-file is
                        read with that plan too: "replay" with "z", and with "p" and "flagged" where the
                        bank has null texts of replays. Needs --sae
  --bank DIR            the key's bank; needed
  --strength X          times the bank's amounts (1); of the generation, when texts are scored, and of the
                        bank's null texts: at another one there are no p-values
  --document ID         name of the prompt, for a key that names its documents. Lines of files have
                        "document", or "id"
  --per-token           "log_ratios" of each scored text too
  --text-alone          score texts as a detector has them: not behind their "prompt"
  --temp, --top-k, --top-p
                        of the generation, with --score-file: "replay" gets "cost", how much less
                        likely such draws become, in nats over the text; so does a line with
                        --token-mark. With --watermark the texts then are not judged: "replay" has
                        "tokens" and "cost" of the whole mark, and no "z"

Token-bias watermarks, to compare with:
  --token-mark KIND     kgw or unigram: generation prefers green tokens; --score-file adds "green",
                        "scored", "token_mark", "z_kgw", "z_ewd" and "z_unigram", or of these
                        "z_unigram" alone
  --token-key TEXT      what the green lists follow from; needed
  --token-delta D       added to the logits of green tokens (2)
  --token-gamma G       part of the vocabulary that is green (0.5)

Exit codes: 0 done, 2 usage, 3 bad input, or a plan that met no row in its scope, or a line with
"error" (results are printed, written and captured all the same), 4 environment: files, memory.
)";
