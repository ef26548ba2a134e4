// SPDX-License-Identifier: Apache-2.0

package destination

import (
	"errors"
	"net/url"
	"strings"
	"testing"
)

// site is the origin that addresses are read for.
const site = "http://app.test"

func TestParse(t *testing.T) {
	for _, c := range []struct {
		address, origin string
		err             error
	}{
		{"http://app.test", site, nil},
		{"http://app.test/a%20b?x=1;y&z=~%zz#f?g", site, nil},
		{"HTTP://APP.TEST:80/", site, nil},
		{"http://app.test:/x", site, nil},
		{`http://app.test/?a=\`, site, nil},
		{"http://localhost:3000/", "http://localhost:3000", nil},
		{"https://localhost:443/", "https://localhost", nil},
		{"http://one.localhost:8080/", "http://one.localhost:8080", nil},
		{"http://127.8.9.10:3000/", "http://127.8.9.10:3000", nil},
		{"http://[::1]:3000/", "http://[::1]:3000", nil},
		{"http://[0:0::1]/", "http://[::1]", nil},

		{"", "", errDestinationMissing},
		{"/", "", errDestinationText},
		{"//app.test/", "", errDestinationText},
		{"app.test/", "", errDestinationText},
		{"javascript:alert(1)", "", errDestinationText},
		{"javascript://app.test/%0aalert(1)", "", errDestinationText},
		{"data:text/html,x", "", errDestinationText},
		{"ftp://app.test/", "", errDestinationText},
		{"http:app.test", "", errDestinationText},
		{"http:/app.test", "", errDestinationText},
		{"http:///app.test", "", errDestinationText},
		{" http://app.test/", "", errDestinationText},
		{"http://app.test/\r\nSet-Cookie: a=b", "", errDestinationText},
		{"http://app.test/\t", "", errDestinationText},
		{"http://app.test/\x00", "", errDestinationText},
		{"http://app.test/\xff", "", errDestinationText},
		{`http://app.test\@evil.example/`, "", errDestinationText},
		{`http://evil.example\.app.test/`, "", errDestinationText},
		{"http://app.test%2eevil.example/", "", errDestinationText},
		{"http://app.test:0/", "", errDestinationText},
		{"http://app.test:65536/", "", errDestinationText},
		{"http://app.test:080/", "", errDestinationText},
		{"http://app.test:8o/", "", errDestinationText},
		{"http://[::1%25lo]/", "", errDestinationText},
		{"http://[::ffff:127.0.0.1]/", "", errDestinationText},
		{"http://ｌocalhost/", "", errDestinationText},
		{"http://user@app.test/", "", errDestinationUser},
		{"http://user:password@localhost/", "", errDestinationUser},
		{"http://app.test@evil.example/", "", errDestinationUser},

		{"https://app.test/", "", errDestinationForeign},
		{"http://app.test:8080/", "", errDestinationForeign},
		{"http://app.test./", "", errDestinationText},
		{"http://evil.example/", "", errDestinationForeign},
		{"http://app.test.evil.example/", "", errDestinationForeign},
		{"http://localhost.evil.example/", "", errDestinationForeign},
		{"http://evillocalhost/", "", errDestinationForeign},
		{"http://127.0.0.1.evil.example/", "", errDestinationForeign},
		{"http://0.0.0.0/", "", errDestinationForeign},
		{"http://10.0.0.1/", "", errDestinationForeign},
		{"http://0x7f.1/", "", errDestinationForeign},
		{"http://[::]/", "", errDestinationForeign},
	} {
		got, err := Parse(c.address, site)
		if !errors.Is(err, c.err) || got.Origin != c.origin {
			t.Errorf("%q: origin %q, error %v; want %q, %v", c.address, got.Origin, err, c.origin, c.err)
		}
		if err == nil && got.Address != c.address {
			t.Errorf("%q became %q", c.address, got.Address)
		}
	}
}

func TestParseReturn(t *testing.T) {
	for address, want := range map[string]string{
		"":                      site + "/",
		"/":                     site + "/",
		"/a?b":                  site + "/a?b",
		"/.//evil.example":      site + "/.//evil.example",
		"http://app.test/x":     "http://app.test/x",
		"//evil.example/":       "",
		`/\evil.example/`:       "",
		"evil.example":          "",
		"https://evil.example/": "",
	} {
		got, err := ParseReturn(address, site)
		if got.Address != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v; want %q", address, got.Address, err, want)
		}
	}
	if _, err := ParseReturn("/", ""); err == nil {
		t.Error("a request without a good host was sent back to it")
	}
}

func TestWith(t *testing.T) {
	for address, want := range map[string]string{
		"http://app.test":           "http://app.test?n=a%26b",
		"http://app.test/":          "http://app.test/?n=a%26b",
		"http://app.test/?":         "http://app.test/?n=a%26b",
		"http://app.test/?a=%zz;b~": "http://app.test/?a=%zz;b~&n=a%26b",
		"http://app.test/?a&":       "http://app.test/?a&n=a%26b",
		"http://app.test/#f":        "http://app.test/?n=a%26b#f",
		"http://app.test/?x#f?g#h":  "http://app.test/?x&n=a%26b#f?g#h",
	} {
		if got := (Destination{Address: address}).With("n", "a&b"); got != want {
			t.Errorf("%s became %s, want %s", address, got, want)
		}
	}
}

func TestRequestOriginRefusesBadHosts(t *testing.T) {
	for host, want := range map[string]string{
		"APP.test":       "http://app.test",
		"app.test:80":    "http://app.test",
		"[::1]:8080":     "http://[::1]:8080",
		"":               "",
		"::1":            "",
		"a b":            "",
		"app.test/x":     "",
		"user@app.test":  "",
		"app.test:99999": "",
		"app.test?x":     "",
		"<script>":       "",
	} {
		origin, _, err := OriginOf("http", host)
		if origin != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v; want %q", host, origin, err, want)
		}
	}
}

// FuzzParse holds that whatever is accepted leads, by a second reading
// of the whole address, to where it was found to lead.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"http://app.test/a?b#c", "http://localhost:3000", "https://[::1]/", `http://app.test\@evil.example/`,
		"http://app.test@evil.example", "javascript:alert(1)", "http://127.0.0.1\r\n", "//evil.example", "http://app.test:80?x=%00",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		got, err := Parse(address, site)
		if err != nil {
			if got != (Destination{}) {
				t.Fatalf("%q was refused and yet leads somewhere", address)
			}
			return
		}
		extended := got.With("n", "v")
		if strings.ContainsFunc(extended, func(c rune) bool { return c <= ' ' || c == 0x7f }) {
			t.Fatalf("%q holds a control character", extended)
		}
		parsed, err := url.Parse(extended)
		if err != nil {
			t.Fatalf("%q cannot be parsed again: %v", extended, err)
		}
		origin, host, err := OriginOf(parsed.Scheme, parsed.Host)
		if err != nil || origin != got.Origin || origin != site && !isLoopback(host) || parsed.User != nil {
			t.Fatalf("%q leads to %q, found to lead to %q", extended, origin, got.Origin)
		}
		if !strings.HasSuffix(strings.SplitN(extended, "#", 2)[0], "n=v") {
			t.Fatalf("%q lacks the parameter", extended)
		}
	})
}
