// SPDX-License-Identifier: Apache-2.0

package headerfield

import (
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/http/httpguts"
)

func TestValuesAreEncodedOnlyWhereTheyMustBe(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "",
		"user_2abcDEF":             "user_2abcDEF",
		"alice+a@example.com":      "alice+a@example.com",
		"Alice Adams, Jr. (\"A\")": "Alice Adams, Jr. (\"A\")",
		"org:a:read,org:a:manage":  "org:a:read,org:a:manage",
		" admin":                   "%20admin",
		"admin ":                   "admin%20",
		"  ":                       "%20%20",
		"Zoë":                      "Zo%C3%AB",
		"100%":                     "100%25",
		"Zo%C3%AB":                 "Zo%25C3%25AB",
		"a\r\nSet-Cookie: b":       "a%0D%0ASet-Cookie: b",
		"a\tb\x00c\x7f":            "a%09b%00c%7F",
		"\xff\xc3":                 "%FF%C3",
	} {
		if got := EncodeValue(text); got != want {
			t.Errorf("%q: expected %q, got %q", text, want, got)
		}
	}
}

// FuzzHeaderValue has any text arrive as it was, and nothing in a header that
// does not belong there.
func FuzzHeaderValue(f *testing.F) {
	for _, text := range []string{"user_1", " a b ", "Zoë", "100%", "%41", "a\r\nB: c", "\xff", strings.Repeat("ü", 700), "\u2028"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		encoded := EncodeValue(text)
		for i := range len(encoded) {
			if c := encoded[i]; c < ' ' || c > '~' {
				t.Fatalf("%q: expected printable ASCII, got %q", text, encoded)
			}
		}
		if !httpguts.ValidHeaderFieldValue(encoded) || strings.TrimSpace(encoded) != encoded {
			t.Fatalf("%q: expected a value that recipients keep, got %q", text, encoded)
		}
		decoded, err := url.PathUnescape(encoded)
		if err != nil {
			t.Fatalf("%q: expected something to decode, got %q", text, encoded)
		}
		// What is too long is not sent, and need not be whole.
		if len(encoded) <= MaxValue && decoded != text {
			t.Fatalf("expected %q, got %q", text, decoded)
		}
	})
}
