// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"encoding/json"
	"strings"
	"testing"
)

// What the reference's match gives, "" for no match. A repeated parameter is a
// list there, and all of its text here.
var pathMatches = []struct{ pattern, path, params string }{
	{"/orgs/:slug", "/orgs/acme", `{"slug":"acme"}`},
	{"/orgs/:slug", "/ORGS/Acme/", `{"slug":"Acme"}`},
	{"/orgs/:slug", "/orgs/acme//", ""},
	{"/orgs/:slug", "/orgs/acme/x", ""},
	{"/orgs/:slug", "//orgs/acme", ""},
	{"/orgs/:slug", "/orgs/", ""},
	{"/orgs/:slug", "/orgs//", ""},
	{"/orgs/:slug", "/x/orgs/acme", ""},
	{"/orgs/:slug", "/orgs/a%20b", `{"slug":"a%20b"}`},
	{"/orgs/:slug", "/orgs/a%2Fb", `{"slug":"a%2Fb"}`},
	{"/orgs/:slug", "/orgs/acme\n", `{"slug":"acme\n"}`},
	{"/orgs/:slug", "/orgs/a?b", ""},
	{"/orgs/:slug", "/orgs/a?", `{"slug":"a"}`},
	{"/orgs/:slug/", "/orgs/acme", ""},
	{"/orgs/:slug/", "/orgs/acme//", `{"slug":"acme"}`},
	{"/orgs/:slug/(.*)", "/orgs/acme/settings", `{"0":"settings","slug":"acme"}`},
	{"/orgs/:slug/(.*)", "/orgs/acme/", `{"0":"","slug":"acme"}`},
	{"/orgs/:slug/(.*)", "/orgs/acme", ""},
	{"/orgs/:slug/(.*)", "/orgs/acme/a/b/", `{"0":"a/b/","slug":"acme"}`},
	{"/orgs/:slug(.*)", "/orgs/", `{"slug":""}`},
	{"/orgs/:slug(.*)", "/orgs", ""},
	{"/orgs/:slug{/(.*)}?", "/orgs/acme", `{"slug":"acme"}`},
	{"/orgs/:slug{/(.*)}?", "/orgs/acme/a/b", `{"0":"a/b","slug":"acme"}`},
	{"/orgs/:slug?", "/orgs", `{}`},
	{"/orgs/:slug?", "/orgs/acme", `{"slug":"acme"}`},
	{"/orgs/:slug+", "/orgs/a", `{"slug":"a"}`},
	{"/orgs/:slug+", "/orgs/a/b/c/", `{"slug":"a/b/c"}`},
	{"/orgs/:slug+", "/orgs", ""},
	{"/orgs/:slug*", "/orgs", `{}`},
	{"/orgs/:slug*/x", "/orgs/a/x/x", `{"slug":"a/x"}`},
	{"/orgs{-:slug~}+", "/orgs-a~-b~", `{"slug":"a~-b"}`},
	{"/orgs{-x}*", "/orgs-x-x", `{}`},
	{"{}", "/", `{}`},
	{"", "/", `{}`},
	{"", "", `{}`},
	{"", "/a", ""},

	{"/:id(org_[A-Za-z0-9]+)", "/org_2aB", `{"id":"org_2aB"}`},
	{"/:id(org_[a-z]+)", "/ORG_X", `{"id":"ORG_X"}`},
	{"/:id(org_\\w+)", "/acme", ""},
	{"/:slug(a|b)x", "/bx", `{"slug":"b"}`},
	{"/:slug(a|b)x", "/a", ""},
	{"/:slug((?:a|b)+)", "/abba", `{"slug":"abba"}`},
	{"/:slug(\\))", "/)", `{"slug":")"}`},
	{"/:slug([^/]+?)(.*)", "/ab/c", `{"0":"b/c","slug":"a"}`},
	{"/:slug([\\d-x]+)", "/1-x", `{"slug":"1-x"}`},
	{"/:slug(x{,3})", "/x{,3}", `{"slug":"x{,3}"}`},
	{"/:slug(^a$)", "/a", ""},

	// The slash and the dot before a parameter belong to it, unless escaped;
	// what is before it is not in it.
	{"/:name.:extension", "/a.b", `{"extension":"b","name":"a"}`},
	{"/:name.:extension", "/a.b.c", `{"extension":"c","name":"a.b"}`},
	{"/:name.:extension?", "/a", `{"name":"a"}`},
	{"/:name\\.:extension?", "/a", ""},
	{"/:name\\.:extension?", "/a.", `{"name":"a"}`},
	{"/a-:slug", "/a-b-c", `{"slug":"b-c"}`},
	{"/:id-:slug", "/a-b-c", `{"id":"a-b","slug":"c"}`},
	{"/:id-:slug(.+)", "/a-b-c", `{"id":"a","slug":"b-c"}`},
	{"/:ids~:slug", "/a~S~c", `{"ids":"a~S","slug":"c"}`},
	{"/:idx", "/a", `{"idx":"a"}`},
	{"/{x:id}?", "/x1", `{"id":"1"}`},
	{"/:x\\a:slug", "/1A2a3", `{"slug":"3","x":"1A2"}`},

	{"/:id/:id", "/a/b", `{"id":"b"}`},
	{"/:id(a)/:id(.*)", "/a/", `{"id":""}`},
	{"/:id(a)/:id?", "/a", `{"id":"a"}`},
	{"/:0/(.*)", "/a/b", `{"0":"b"}`},
	{"/a(.*)?", "/a", `{}`},
	{"/a(.*)?", "/a/", `{"0":"/"}`},
	{"/:id(a*)?", "/", `{"id":""}`},

	{"/a\\", "/a", `{}`},
	{"/a\\(b\\)", "/a(b)", `{}`},
	{"/$.^[x]|=!", "/$.^[X]|=!", `{}`},
	{"/a|/b", "/b", ""},
	{"orgs/:slug", "/orgs/acme", ""},
	{"/%C3%A9/:slug", "/%c3%a9/x", `{"slug":"x"}`},
}

func TestAPathIsMatchedAsTheReferenceMatchesIt(t *testing.T) {
	for _, test := range pathMatches {
		pattern, err := parsePathPattern(test.pattern)
		if err != nil {
			t.Errorf("%q: %v", test.pattern, err)
			continue
		}
		params, ok := pattern.match(test.path)
		got, err := json.Marshal(params)
		if err != nil {
			t.Fatal(err)
		}
		if ok != (test.params != "") || ok && string(got) != test.params {
			t.Errorf("%q with %q: %v %s, want %s", test.pattern, test.path, ok, got, test.params)
		}
	}
}

func TestAPatternIsRefusedWithWhatIsWrong(t *testing.T) {
	for pattern, want := range map[string]string{
		"*":                       "at 0: expected text, a parameter or an opening brace, got a modifier",
		"/a*":                     "at 2: expected text, a parameter or an opening brace, got a modifier",
		"/:slug??":                "at 7: expected text, a parameter or an opening brace, got a modifier",
		"/a}":                     "at 2: expected text, a parameter or an opening brace, got a closing brace",
		"/{a":                     "at 3: expected a closing brace, got the end of the pattern",
		"/{a\\":                   "at 4: expected a closing brace, got the end of the pattern",
		"/{{a}}":                  "at 2: expected a closing brace, got an opening brace",
		"/{:a:b}":                 "at 4: expected a closing brace, got a name",
		"/{a+}":                   "at 3: expected a closing brace, got a modifier",
		"/:":                      "at 1: expected a name after the colon",
		"/:-":                     "at 1: expected a name after the colon",
		"/:é":                     "at 2: expected ASCII only",
		"/(":                      "at 1: expected a closing parenthesis",
		"/(a\\":                   "at 1: expected a closing parenthesis",
		"/(a\\)":                  "at 1: expected a closing parenthesis",
		"/()":                     "at 1: expected a regular expression",
		"/(?:a)":                  "at 1: expected a regular expression",
		"/:a(?=b)":                "at 3: expected a regular expression",
		"/((a))":                  "expected no capturing group",
		"/([(])":                  "expected no capturing group",
		"/([)])":                  "missing closing ]",
		"/([(?])":                 "expected a closing parenthesis",
		"/((?:[)])":               "missing closing )",
		"/([(?]))b":               "unexpected )",
		"/(a**)":                  "invalid nested repetition operator",
		"/(*)":                    "missing argument to repetition operator",
		"/([z-a])":                "invalid character class range",
		"/:a:b":                   "parameter b: expected text between it and what it follows",
		"/{a}:b":                  "parameter b: expected text between it and what it follows",
		"(.*)*":                   "parameter 0: expected text around what is repeated",
		"/a:b+":                   "parameter b: expected text around what is repeated",
		"/a{:b}*":                 "parameter b: expected text around what is repeated",
		strings.Repeat("a", 1025): "expected at most 1024 bytes, got 1025",

		// These the reference takes, and they are without a use or take more than
		// linear time.
		"/:slug((?!admin).*)":  "expected no groups but (?:…), got one that begins (?!",
		"/((?=a)a)":            "got one that begins (?=",
		"/((?<!a)b)":           "got one that begins (?<",
		"/:a-to-:b":            `parameter b: expected a slash or a single sign before it, got "-to-"`,
		"/{--:a}?":             `parameter a: expected a slash or a single sign before it, got "--"`,
		"/(a{1001})":           "invalid repeat count",
		"/((?:a{999}){999})":   "invalid repeat count",
		"/\xff":                "at 1: expected ASCII only",
		"/:a(.{500})/(.{600})": "expected a regular expression of at most 1024 steps, got ",
		"/:a(x)/:b(\\1)":       `expected no escaped letters or digits but bBdDsSwW, got \1`,

		// These Go would read otherwise.
		"/((?<n>a))":     "got one that begins (?<",
		"/((?P<n>a))":    "got one that begins (?P",
		"/((?i:a))":      "got one that begins (?i",
		"/(a\\z)":        `got \z`,
		"/(\\A)":         `got \A`,
		"/([\\a])":       `got \a`,
		"/(\\Qa.b\\E)":   `got \Q`,
		"/(\\pL)":        `got \p`,
		"/(\\x{41})":     `got \x`,
		"/(\\012)":       `got \0`,
		"/([[:alpha:]])": "expected no class in a class",
		"/([]a])":        "expected a class with something in it",
		"/([^]a])":       "expected a class with something in it",
		"/([\\b])":       "invalid escape sequence",
	} {
		_, err := parsePathPattern(pattern)
		if err == nil || !strings.HasPrefix(err.Error(), "path pattern ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80q: %v, want %q", pattern, err, want)
		}
	}
}

func TestARefusedPatternIsQuotedInPart(t *testing.T) {
	_, err := parsePathPattern("/" + strings.Repeat("x", 1000) + "(" + strings.Repeat("\x01", 20) + ")*")
	if err == nil || len(err.Error()) > 250 {
		t.Errorf("%v", err)
	}
}

func TestALongPathMatchesNothing(t *testing.T) {
	pattern, err := parsePathPattern("/(.*)")
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := pattern.match("/" + strings.Repeat("a", maxMatchedPath-1)); !ok {
		t.Error("one of 16 KiB does not match")
	}
	if _, ok := pattern.match("/" + strings.Repeat("a", maxMatchedPath)); ok {
		t.Error("one of more than 16 KiB matches")
	}
}

// Backtracking takes years for this.
func TestAPathCannotMakeAPatternBacktrack(t *testing.T) {
	pattern, err := parsePathPattern("/:slug((?:(?:a*)*b?)*)/(.*)/(.*)/(.*)/end")
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := pattern.match("/" + strings.Repeat("a/", 2000)); ok {
		t.Error("a path without the end matches")
	}
}

func FuzzPathPattern(f *testing.F) {
	for _, seed := range pathMatches {
		f.Add(seed.pattern, seed.path)
	}
	f.Add("/:slug([(?])", "/a")
	f.Add("/:a{1{:b?", "\xff\u212a")
	f.Fuzz(func(t *testing.T, text, path string) {
		if pattern, err := parsePathPattern(text); err == nil {
			params, ok := pattern.match(path)
			if !ok && params != nil {
				t.Errorf("%q does not match %q, with %q", text, path, params)
			}
			for name, value := range params {
				if !strings.Contains(path, value) {
					t.Errorf("%q with %q: %s is %q", text, path, name, value)
				}
			}
		}
		checkEscapedPattern(t, text, path)
	})
}

// checkEscapedPattern checks that a pattern in which every sign is escaped
// matches just the text that it escapes.
func checkEscapedPattern(t *testing.T, text, path string) {
	var escaped strings.Builder
	for i := range len(text) {
		escaped.WriteByte('\\')
		escaped.WriteByte(text[i])
	}
	pattern, err := parsePathPattern(escaped.String())
	if err != nil {
		if len(text) <= maxPathPattern/2 && !strings.ContainsFunc(text, func(r rune) bool { return r >= 0x80 }) {
			t.Errorf("%q: %v", text, err)
		}
		return
	}
	for _, same := range []string{text, strings.ToUpper(text), text + "/"} {
		if params, ok := pattern.match(same); !ok || len(params) > 0 {
			t.Errorf("%q with %q: %v %q", text, same, ok, params)
		}
	}
	if _, ok := pattern.match(path); ok && !strings.EqualFold(path, text) && !strings.EqualFold(path[:len(path)-1], text) {
		t.Errorf("%q matches %q", text, path)
	}
}
