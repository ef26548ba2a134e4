// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"slices"
	"testing"
)

func TestParametersAreReadAndWrittenAsABrowserDoes(t *testing.T) {
	for query, want := range map[string]string{
		"":                 "",
		"&&":               "",
		"x":                "x=",
		"=":                "=",
		"=x":               "=x",
		"a=b=c":            "a=b%3Dc",
		"a=1&a=2":          "a=1&a=2",
		"a=%20":            "a=+",
		"a=+":              "a=+",
		"a=~":              "a=%7E",
		"a=%zz":            "a=%25zz",
		"a=%":              "a=%25",
		"a=%4":             "a=%254",
		"a=%ff":            "a=%EF%BF%BD",
		"a=\xff\xfe":       "a=%EF%BF%BD%EF%BF%BD",
		"a=;":              "a=%3B",
		"a=%2B":            "a=%2B",
		"a=%c3%a9":         "a=%C3%A9",
		"a=é":              "a=%C3%A9",
		"a=*-._":           "a=*-._",
		"a=%0d%0aX:y":      "a=%0D%0AX%3Ay",
		"%5f%5Fsession=x":  "__session=x",
		"b=2&a=1":          "b=2&a=1",
		"a=%00":            "a=%00",
		"a=//evil.example": "a=%2F%2Fevil.example",
	} {
		if got := parseParameters(query).String(); got != want {
			t.Errorf("%q: %q, want %q", query, got, want)
		}
	}
}

func TestWithReplacesTheFirstParameterOfAName(t *testing.T) {
	before := parseParameters("a=1&b=2&a=3")
	for _, test := range []struct{ name, value, want string }{
		{"a", "x", "a=x&b=2"},
		{"b", "x", "a=1&b=x&a=3"},
		{"c", "x", "a=1&b=2&a=3&c=x"},
	} {
		if got := before.with(test.name, test.value).String(); got != test.want {
			t.Errorf("with %s: %q, want %q", test.name, got, test.want)
		}
	}
	if got := before.without("a", "c").String(); got != "b=2" {
		t.Errorf("without: %q", got)
	}
	if got := before.String(); got != "a=1&b=2&a=3" {
		t.Errorf("the parameters have become %q", got)
	}
}

func TestGetTellsAnEmptyParameterFromNone(t *testing.T) {
	list := parseParameters("a&b=1&b=2")
	if value, ok := list.get("a"); value != "" || !ok {
		t.Errorf("a: %q, %v", value, ok)
	}
	if value, ok := list.get("b"); value != "1" || !ok {
		t.Errorf("b: %q, %v", value, ok)
	}
	if value, ok := list.get("c"); value != "" || ok {
		t.Errorf("c: %q, %v", value, ok)
	}
}

func FuzzParameters(f *testing.F) {
	for _, seed := range []string{"", "a=1&b=2", "x&&=", "a=%zz%ff+;~", "é=\xff", "__clerk_db_jwt=dvb_1&__session", "%5f%5F=%0d%0a"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		first := parseParameters(query)
		text := first.String()
		second := parseParameters(text)
		if !slices.Equal(first, second) || second.String() != text {
			t.Errorf("%q is %q at first, %q then", query, first, second)
		}
		for i := range len(text) {
			if c := text[i]; c <= ' ' || c > '~' || c == '#' {
				t.Fatalf("%q was written with %q", query, c)
			}
		}
		if len(first.without("a", "__session")) > len(first) || len(first.with("a", "b")) > len(first)+1 {
			t.Errorf("%q has grown", query)
		}
	})
}

func FuzzPublishableKey(f *testing.F) {
	for _, seed := range []string{liveKey, testKey, liveKey + "=", "pk_live_", keyOf("evil.com/$"), keyOf("a@b.c$"), keyOf("a.b:443$")} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		key, err := ParsePublishableKey(text)
		if err != nil {
			return
		}
		if key.Key != text || len(key.CookieSuffix()) != 8 {
			t.Errorf("%q: %+v", text, key)
		}
		for _, address := range []string{"https://" + key.FrontendAPI, key.accountsURL()} {
			for i := range len(address) - len("https://") {
				switch c := address[len("https://")+i]; {
				case c <= ' ', c > '~', c == '/', c == '\\', c == '?', c == '#', c == '@', c == '%':
					t.Fatalf("%q names the address %q", text, address)
				}
			}
		}
	})
}
