// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestHandshakeBeginsAtTheFrontendAPI(t *testing.T) {
	const (
		base = "https://clerk.example.com/v1/client/handshake"
		back = "?redirect_url=https%3A%2F%2Fapp.example.com%2Fp%3Fa%3D1&__clerk_api_version=2026-05-12" +
			"&suffixed_cookies=false&__clerk_hs_reason=client-uat-but-no-session-token"
	)
	for _, test := range []struct {
		name, key, want string
		change          func(*Options)
	}{
		{"production", liveKey, base + back + "&format=nonce", func(*Options) {}},
		{"no Backend API", liveKey, base + back, func(o *Options) { o.Handshakes = nil }},
		{
			"development", testKey, "https://foo-bar-13.clerk.accounts.dev/v1/client/handshake" + back + "&format=nonce&__clerk_db_jwt=dvb_1",
			func(*Options) {},
		},
		{"proxy", liveKey, "https://proxy.example.com/v1/client/handshake" + back + "&format=nonce", func(o *Options) { o.ProxyURL = "https://proxy.example.com" }},
		{"proxy with a path", liveKey, "https://proxy.example.com/__clerk/v1/client/handshake" + back + "&format=nonce", func(o *Options) {
			o.ProxyURL = "https://proxy.example.com/__clerk//"
		}},
		{"proxy on the same origin", liveKey, appOrigin + "/__clerk/v1/client/handshake" + back + "&format=nonce", func(o *Options) { o.ProxyURL = "/__clerk/" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			k := newKit(t, test.key, test.change)
			s := k.auth.Authenticate(document(t, "/p?a=1", "__client_uat=1", "__clerk_db_jwt=dvb_1"))
			expect(t, s, Handshake, ReasonClientUATWithoutSessionToken)
			if s.Location != test.want {
				t.Errorf("begins at\n%s, want\n%s", s.Location, test.want)
			}
		})
	}
}

func TestHandshakeLeadsBackWithoutTheBrowserToken(t *testing.T) {
	k := newKit(t, testKey)
	for target, want := range map[string]string{
		"/":                                      "/",
		"/?":                                     "/",
		"/?a=1":                                  "/?a=1",
		"/?__clerk_db_jwt=dvb_2":                 "/",
		"/?a=1&__clerk_db_jwt=dvb_2&b":           "/?a=1&b=",
		"/?__dev_session=x&__clerk_db_jwt=dvb_2": "/",
		"/?%5F_dev_session=x":                    "/",
		"/?a=%20&b=~&c=%zz&d=%ff&e=;":            "/?a=+&b=%7E&c=%25zz&d=%EF%BF%BD&e=%3B",
		"/?__clerk_synced=true&redirect_url=//evil": "/?__clerk_synced=true&redirect_url=%2F%2Fevil",
	} {
		s := k.auth.Authenticate(document(t, target))
		if got := query(t, s.Location, "redirect_url"); got != appOrigin+want {
			t.Errorf("%s: back to %s, want %s", target, got, appOrigin+want)
		}
	}
}

func TestHandshakeCarriesOnlyTheSessionThatCounts(t *testing.T) {
	k := newKit(t, liveKey)
	plain, suffixed := k.session(object{"iat": k.at(-30)}), k.session(object{"iat": k.at(-20)})
	header := jarOf(liveSuffix, plain, "1", suffixed, unix(k.at(0)))
	s := k.auth.Authenticate(document(t, "/", header, "__clerk_db_jwt=dvb_1"))
	expect(t, s, Handshake, ReasonSessionTokenIATBeforeClientUAT)
	if got := query(t, s.Location, "__session"); got != suffixed {
		t.Errorf("__session=%s", got)
	}
	if strings.Contains(s.Location, "dvb_1") {
		t.Errorf("a production instance is sent a browser token: %s", s.Location)
	}
}

// TestOddTargetsStayOnTheirOrigin asks for what some take for another origin.
func TestOddTargetsStayOnTheirOrigin(t *testing.T) {
	live := newKit(t, liveKey)
	for _, test := range []struct{ line, want string }{
		{"GET //evil.example/x", "//evil.example/x"},
		{"GET ///evil.example/x", "///evil.example/x"},
		{`GET /\evil.example`, "//evil.example"},
		{"GET /.//evil.example", "//evil.example"},
		{"GET /..//evil.example", "//evil.example"},
		{"GET /a/..//evil.example", "//evil.example"},
		{"GET /%2e%2e//evil.example", "//evil.example"},
		{"GET /%2f%2fevil.example", "/%2f%2fevil.example"},
		{"GET /%5cevil.example", "/%5cevil.example"},
		{"GET /@evil.example", "/@evil.example"},
		{"GET /:80@evil.example", "/:80@evil.example"},
		{"GET /.evil.example", "/.evil.example"},
		{"GET /https://evil.example", "/https://evil.example"},
		{"GET /a/../b", "/b"},
		{"GET /a/%2e%2E/b", "/b"},
		{"GET /../../b", "/b"},
		{"GET /#//evil.example", "/#//evil.example"},
		{"GET /?//evil.example", "/?%2F%2Fevil.example="},
		{"GET /x?a=\xff", "/x?a=%EF%BF%BD"},
		{"GET /\xff", "/%EF%BF%BD"},
		{"GET /é", "/%C3%A9"},
		{"GET http://app.example.com/x?a=1", "/x?a=1"},
		{"GET http://app.example.com", "/"},
		{"GET http://app.example.com?a=1", "/?a=1"},
		{"GET http://app.example.com//evil.example", "//evil.example"},
	} {
		t.Run(test.line, func(t *testing.T) {
			s := live.auth.Authenticate(read(t, test.line, "Sec-Fetch-Dest: document", "Cookie: __client_uat=1"))
			if got := query(t, s.Location, "redirect_url"); got != appOrigin+test.want {
				t.Errorf("back to %s, want %s", got, appOrigin+test.want)
			}
			if back, err := url.Parse(query(t, s.Location, "redirect_url")); err != nil || back.Host != appHost {
				t.Errorf("back to %s (%v)", back, err)
			}
			signIn, err := s.SignInURL()
			if err != nil {
				t.Fatal(err)
			}
			if back, err := url.Parse(query(t, signIn, "redirect_url")); err != nil || back.Host != appHost {
				t.Errorf("from the sign-in page back to %s (%v)", back, err)
			}
		})
	}
}

func TestForwardedHeadersAreNotBelieved(t *testing.T) {
	bothInstances(t, func(t *testing.T, k *kit, devBrowser string) {
		plain := k.auth.Authenticate(document(t, "/x", "__client_uat=1", devBrowser)).Location
		for _, header := range []string{
			"X-Forwarded-Host: evil.example", "X-Forwarded-Proto: http", "X-Forwarded-Port: 81", "Forwarded: host=evil.example;proto=http",
			"CloudFront-Forwarded-Proto: http", "X-Original-Host: evil.example", "X-Forwarded-Prefix: /evil", "X-Original-URL: /evil",
			"X-Rewrite-URL: /evil", "X-Forwarded-Server: evil.example", "X-HTTP-Method-Override: POST",
		} {
			s := k.auth.Authenticate(read(t, "GET /x", "Sec-Fetch-Dest: document", "Cookie: __client_uat=1; "+devBrowser, header))
			if s.Location != plain {
				t.Errorf("%s: %s", header, s.Location)
			}
		}
	})
}

func TestDirectURLIsWhatTheSenderAskedFor(t *testing.T) {
	for line, want := range map[string]RequestURL{
		"GET /a?b=%20":                    {"https", appHost, "/a?b=%20"},
		"GET //a":                         {"https", appHost, "//a"},
		"OPTIONS *":                       {"https", appHost, "/"},
		"GET http://other.example/a?b":    {"https", "other.example", "/a?b"},
		"GET http://other.example":        {"https", "other.example", "/"},
		"CONNECT other.example:443":       {"https", "other.example:443", "/"},
		"GET http://other.example:8080/a": {"https", "other.example:8080", "/a"},
	} {
		if got := DirectURL(read(t, line)); got != want {
			t.Errorf("%s: %+v, want %+v", line, got, want)
		}
	}
	r := read(t, "GET /a")
	r.TLS = nil
	if got := DirectURL(r); got.Scheme != "http" {
		t.Errorf("without TLS: %+v", got)
	}
	r = &http.Request{Method: http.MethodGet, Host: appHost, URL: &url.URL{Path: "/a b", RawQuery: "c"}}
	if got := DirectURL(r); got.Target != "/a%20b?c" {
		t.Errorf("made by hand: %+v", got)
	}
}

func TestHostsAreWrittenAsABrowserDoes(t *testing.T) {
	k := newKit(t, liveKey)
	for host, want := range map[string]string{
		"APP.Example.com":     "https://app.example.com/",
		"app.example.com:443": "https://app.example.com/",
		"app.example.com:80":  "https://app.example.com:80/",
		"app.example.com:":    "https://app.example.com/",
		"app%2eexample.com":   "https://app.example.com/",
		"127.1":               "https://127.0.0.1/",
		"[::1]:8443":          "https://[::1]:8443/",
		"bücher.example":      "https://xn--bcher-kva.example/",
	} {
		r := document(t, "/", "__client_uat=1")
		r.Host = host
		s := k.auth.Authenticate(r)
		if got := query(t, s.Location, "redirect_url"); got != want {
			t.Errorf("%s: back to %q, want %q", host, got, want)
		}
	}
}

// TestAnAddressThatCannotBeReadIsNotRedirected has hosts that end, or begin,
// elsewhere than they seem to.
func TestAnAddressThatCannotBeReadIsNotRedirected(t *testing.T) {
	bothInstances(t, func(t *testing.T, k *kit, devBrowser string) {
		deep, long := strings.Repeat("/a", 300), "/"+strings.Repeat("a", 17<<10)
		for _, test := range []struct{ host, target string }{
			{"", "/evil.example/x"},
			{"", "//evil.example/x"},
			{":443", "/x"},
			{"a@evil.example", "/x"},
			{"evil.example/", "/x"},
			{`evil.example\`, "/x"},
			{"evil.example#", "/x"},
			{"evil.example?", "/x"},
			{"app.example.com:x", "/x"},
			{"app example", "/x"},
			{"app%00.example", "/x"},
			{"app%40.example", "/x"},
			{"[::1", "/x"},
			{"app.example.com:443:80", "/x"},
			{strings.Repeat("a.", 1<<10), "/x"},
			{appHost, deep},
			{appHost, strings.ReplaceAll(deep, "/", `\`)},
			{appHost, long},
			{appHost, "/?" + long},
		} {
			r := document(t, "/", "__client_uat=1", devBrowser)
			r.Host, r.RequestURI = test.host, test.target
			if strings.HasPrefix(test.target, `\`) {
				r.RequestURI = "/" + test.target
			}
			s := k.auth.Authenticate(r)
			expect(t, s, SignedOut, ReasonClientUATWithoutSessionToken)
			if location, err := s.SignInURL(); err == nil {
				t.Errorf("%.40q %.40q: to %s", test.host, test.target, location)
			}
		}
	})
}

func TestAnyAddressIsReadInLittleTime(t *testing.T) {
	k := newKit(t, liveKey)
	for _, target := range []string{
		"/" + strings.Repeat("a/", 1<<19), "/" + strings.Repeat("%2e/", 1<<18), "/" + strings.Repeat(`\`, 1<<20), "/?" + strings.Repeat("&a", 1<<19),
		strings.Repeat("/", 1<<20), "/" + strings.Repeat("\xff", 1<<20),
	} {
		r := document(t, "/", "__client_uat=1")
		r.RequestURI = target
		if s := k.auth.Authenticate(r); s.Location != "" {
			t.Errorf("%.10q: redirected with %d bytes", target, len(s.Location))
		}
	}
}
