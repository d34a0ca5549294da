"""YAML texts and what they hold, by the core schema of YAML 1.2; expectations are by hand."""


def make_yaml(write):
    valid = {
        "circuit-tracer": ("""model_name: "google/gemma-2-2b"
model_kind: transcoder_set
feature_input_hook: hook_resid_mid
feature_output_hook: hook_mlp_out
transcoders:
  - "hf://a/b/layer_0"
  - hf://a/b/layer_1
scan: gemma
""", {"model_name": "google/gemma-2-2b", "model_kind": "transcoder_set",
             "feature_input_hook": "hook_resid_mid", "feature_output_hook": "hook_mlp_out",
             "transcoders": ["hf://a/b/layer_0", "hf://a/b/layer_1"], "scan": "gemma"}),
        "nulls": ("[null, Null, NULL, ~, '', \"null\", nULL]\n",
                  [None, None, None, None, "", "null", "nULL"]),
        "empty-value": ("a:\nb: 1\n", {"a": None, "b": 1}),
        "truth": ("[true, True, TRUE, false, False, FALSE, yes, no, on, off, 'true', tRUE]\n",
                  [True, True, True, False, False, False, "yes", "no", "on", "off", "true", "tRUE"]),
        "integers": ("[0, 7, -7, +7, 0x1F, 0o17, 9223372036854775807, -9223372036854775808, "
                     "18446744073709551615, '7', 1_000, 1:30, 0b11, -0x1, 0xG]\n",
                     [0, 7, -7, 7, 31, "0o17", 9223372036854775807, -9223372036854775808,
                      18446744073709551615, "7", "1_000", "1:30", "0b11", "-0x1", "0xG"]),
        "floats": ("[0.5, -0.5, +.5, 1., 1e5, 1E-5, 1.0e-05, -1.5e+3, '1.5', 1e, ., 1.5.2, e5]\n",
                   [0.5, -0.5, 0.5, 1.0, "1e5", "1E-5", 1e-5, -1500.0, "1.5", "1e", ".", "1.5.2", "e5"]),
        "block-text": ("a: |\n  one\n  two\nb: >\n  one\n  two\n", {"a": "one\ntwo\n", "b": "one two\n"}),
        "flow": ("{a: [1, {b: c}], d: {}}\n", {"a": [1, {"b": "c"}], "d": {}}),
        "one-marker": ("--- \na: 1\n...\n", {"a": 1}),
        "comments": ("# first\na: 1 # second\n", {"a": 1}),
        "number-keys": ("1: a\ntrue: b\n", {"1": "a", "true": "b"}),
        "scalar": ("hello\n", "hello"),
        "escapes": ('a: "x\\ty\\u00e9"\n', {"a": "x\ty\u00e9"}),
    }
    files = {name + ".yaml": (text.encode(), {"value": value}) for name, (text, value) in valid.items()}
    write("yaml/valid", "scalars of every type, nested containers, a publisher's configuration", files)

    def unsupported(what, place, advice):
        return f"{what} in YAML ({place}) is not supported; {advice}"

    deep = "[" * 33 + "]" * 33
    bad = {
        "anchor": ("a: &x 1\n", unsupported("an anchor", "line 1, column 4", "write the value out")),
        "anchor-list": ("a: &x [1]\n", unsupported("an anchor", "line 1, column 4", "write the value out")),
        "alias": ("a: *x\n", unsupported("an alias", "line 1, column 4", "write the value out")),
        "tag": ("a: !!int 1\n", unsupported("a tag", "line 1, column 4",
                                            "leave it out, the type follows from the text")),
        "tag-python": ("!!python/object/apply:os.system [ls]\n",
                       unsupported("a tag", "line 1, column 1",
                                   "leave it out, the type follows from the text")),
        "tag-map": ("!x {a: 1}\n", unsupported("a tag", "line 1, column 1",
                                               "leave it out, the type follows from the text")),
        "merge": ("<<: {a: 1}\n", unsupported("a merge key", "line 1, column 1",
                                              "write the members out")),
        "directive": ("%YAML 1.1\n---\na: 1\n",
                      unsupported("a directive", "line 1, column 1",
                                  "leave out the line that starts with %")),
        "documents": ("a: 1\n---\nb: 1\n", unsupported("a second document", "line 2, column 1",
                                                       "keep one document per file")),
        "complex-key": ("? [1]\n: 2\n", unsupported("a key that is a list or a map", "line 1, column 3",
                                                     "use a plain key")),
        "twice": ("a: 1\na: 2\n", "key 'a' appears twice, expected once"),
        "twice-quoted": ("a: 1\n'a': 2\n", "key 'a' appears twice, expected once"),
        "empty": ("", "not valid YAML: it has no document"),
        "comment-only": ("# x\n", "not valid YAML: it has no document"),
        "key-empty": ("? \n: 1\n", "not valid YAML: a key is empty (line 1, column 2)"),
        "octal-1.1": ("a: 010\n", "not valid YAML: integer '010' starts with 0, expected none, "
                      "or quotes (line 1, column 4)"),
        "directives-many": ("%TAG !xyz! a\n" * 17 + "---\na: 1\n",
                            "lines of YAML that start with %: 17, expected at most 16"),
        "wide": ("18446744073709551616\n",
                 "integer 18446744073709551616 is out of range, expected at most 64 bits"),
        "infinite": ("-.inf\n", "number -.inf is out of range, expected a finite double"),
        "nan": (".nan\n", "number .nan is out of range, expected a finite double"),
        "overflow": ("1.0e+999\n", "number 1.0e+999 is out of range, expected a finite double"),
        "deep": (deep, "YAML depth: 33, expected at most 32"),
        "tab": ("a:\n\t- 1\n", "not valid YAML: found character that cannot start any token (line 2, column 1)"),
        "not-closed": ("[1, 2\n", "not valid YAML: did not find expected ',' or ']' (line 2, column 1)"),
        "quote": ("a: 'x\n", "not valid YAML: found unexpected end of stream (line 2, column 1)"),
        "control": ("a: \x07\n", "not valid YAML: control characters are not allowed (at byte 3)"),
        "not-utf8": (b"a: \xff\n", "YAML text is not valid UTF-8 (at byte 3)"),
        "utf16": ("a: 1\n".encode("utf-16"), "YAML text is not valid UTF-8 (at byte 0)"),
    }
    files = {}
    for name, (text, message) in bad.items():
        data = text if isinstance(text, bytes) else text.encode()
        files[name + ".yaml"] = data, {"message": message}
    write("yaml/invalid", "what refers, computes or hides, and what is no YAML", files)
