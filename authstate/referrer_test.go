// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"net/http"
	"strings"
	"testing"
)

// TestALinkFromElsewhereSynchronizes has row 16 of the decision table.
func TestALinkFromElsewhereSynchronizes(t *testing.T) {
	bothInstances(t, func(t *testing.T, k *kit, devBrowser string) {
		live := k.auth.key.InstanceType == Production
		for referrer, want := range map[string]bool{
			"https://other.example/":                               true,
			"http://app.example.com/":                              true,
			"https://app.example.com:8443/":                        true,
			"https://www.app.example.com/":                         true,
			"https://app.example.com.evil.example/":                true,
			"https://app.example.com@evil.example/":                true,
			"https://accounts.evil.example/":                       true,
			"android-app://com.example/":                           true,
			"https://foo-bar-13.clerk.accounts.dev.evil.me/":       true,
			"https://evil.accounts.dev/":                           live,
			"https://evil.clerk.accounts.dev/":                     true,
			"https://accounts.evil.lcl.dev/":                       live,
			"https://evil.lcl.dev/":                                true,
			"":                                                     false,
			"https://app.example.com/other":                        false,
			"https://app.example.com":                              false,
			"https://app.example.com?":                             false,
			"https://app.example.com\\@evil.example/":              false,
			"https://app.example.com:@evil.example/":               true,
			"https:///app.example.com/":                            false,
			"https://APP.example.com:443/":                         false,
			"not an address":                                       false,
			"/relative":                                            false,
			k.issuer + "/v1/client":                                false,
			strings.Replace(k.issuer, "https", "http", 1) + ":81/": false,
			k.auth.key.accountsURL() + "/sign-in":                  false,
			"https://" + strings.Repeat("@", 1<<20) + "a.example/": false,
			"https://a.example/" + strings.Repeat("a", 1<<20):      false,
		} {
			r := document(t, "/", "__client_uat=1", "__session="+k.session(), devBrowser)
			r.Header.Set("Referer", referrer)
			s := k.auth.Authenticate(r)
			if want {
				expect(t, s, Handshake, ReasonPrimaryDomainCrossOriginSync)
			} else {
				expect(t, s, SignedIn, "")
			}
			if t.Failed() {
				t.Fatalf("%.80s", referrer)
			}
		}
	})
}

func TestALinkFromElsewhereSynchronizesOnce(t *testing.T) {
	k := newKit(t, liveKey)
	for _, test := range []struct {
		name   string
		change func(*http.Request)
	}{
		{"after a handshake", func(r *http.Request) { r.Header.Add("Cookie", "__clerk_redirect_count=1") }},
		{"not in a frame", func(r *http.Request) { r.Header.Set("Sec-Fetch-Dest", "iframe") }},
		{"not by a script", func(r *http.Request) { r.Header.Set("Sec-Fetch-Dest", "empty") }},
		{"not by its Accept", func(r *http.Request) { r.Header.Del("Sec-Fetch-Dest"); r.Header.Set("Accept", "text/html") }},
		{"not a form", func(r *http.Request) { r.Method = http.MethodPost }},
		{"not a HEAD", func(r *http.Request) { r.Method = http.MethodHead }},
	} {
		r := document(t, "/", "__client_uat=1", "__session="+k.session())
		r.Header.Set("Referer", "https://other.example/")
		test.change(r)
		t.Run(test.name, func(t *testing.T) { expect(t, k.auth.Authenticate(r), SignedIn, "") })
	}
	r := withHeaderToken(t, "GET /", "Bearer "+k.session(), "document", "")
	r.Header.Set("Referer", "https://other.example/")
	expect(t, k.auth.Authenticate(r), SignedIn, "")
}

func TestBehindAProxyTheProxyIsClerks(t *testing.T) {
	for proxy, own := range map[string]string{"https://proxy.example.com/__clerk": "https://proxy.example.com/", "/__clerk": "http://" + appHost + ":81/"} {
		k := newKit(t, liveKey, func(o *Options) { o.ProxyURL = proxy })
		for referrer, want := range map[string]Status{own: SignedIn, "https://clerk.example.com/": Handshake, "https://accounts.example.com/": Handshake} {
			r := document(t, "/", "__client_uat=1", "__session="+k.session())
			r.Header.Set("Referer", referrer)
			if s := k.auth.Authenticate(r); s.Status != want {
				t.Errorf("%s, from %s: %s, want %s", proxy, referrer, s.Status, want)
			}
		}
	}
}

func TestTokensAreOfTheInstanceOrItsProxy(t *testing.T) {
	for _, test := range []struct {
		name, proxy string
		issuers     []string
		issuer      any
		want        Status
	}{
		{"its own", "", nil, "https://clerk.example.com", SignedIn},
		{"another's", "", nil, "https://clerk.other.example", SignedOut},
		{"none", "", nil, nil, SignedOut},
		{"no text", "", nil, 7, SignedOut},
		{"another scheme", "", nil, "http://clerk.example.com", SignedOut},
		{"a slash more", "", nil, "https://clerk.example.com/", SignedOut},
		{"the proxy without one", "", nil, appOrigin + "/__clerk", SignedOut},
		{"its own behind a proxy", "https://proxy.example.com/c/", nil, "https://clerk.example.com", SignedIn},
		{"the proxy's", "https://proxy.example.com/c/", nil, "https://proxy.example.com/c", SignedIn},
		{"the proxy's with its slash", "https://proxy.example.com/c/", nil, "https://proxy.example.com/c/", SignedOut},
		{"another proxy's", "https://proxy.example.com/c", nil, "https://proxy.example.com/d", SignedOut},
		{"its own behind a path", "/__clerk", nil, "https://clerk.example.com", SignedIn},
		{"the path's", "/__clerk/", nil, appOrigin + "/__clerk", SignedIn},
		{"the path of another host", "/__clerk", nil, "https://other.example.com/__clerk", SignedOut},
		{"the path of another scheme", "/__clerk", nil, "http://" + appHost + "/__clerk", SignedOut},
		{"configured", "/__clerk", []string{"https://a.example", "https://b.example"}, "https://b.example", SignedIn},
		{"configured, and not the default", "/__clerk", []string{"https://a.example"}, "https://clerk.example.com", SignedOut},
		{"configured, and not the proxy", "/__clerk", []string{"https://a.example"}, appOrigin + "/__clerk", SignedOut},
	} {
		t.Run(test.name, func(t *testing.T) {
			k := newKit(t, liveKey, func(o *Options) { o.ProxyURL, o.Requirements.Issuers = test.proxy, test.issuers })
			reason := ""
			if test.want == SignedOut {
				reason = "token-invalid-issuer"
			}
			s := k.auth.Authenticate(withHeaderToken(t, "GET /", "Bearer "+k.session(object{"iss": test.issuer}), "empty", ""))
			expect(t, s, test.want, reason)
			expect(t, k.auth.Authenticate(script(t, "/", "__session"+liveSuffix+"="+k.session(object{"iss": test.issuer}), "__client_uat"+liveSuffix+"=1")),
				test.want, reason)
		})
	}
}

func TestTheIssuerOfAPathLeavesOutTheDefaultPort(t *testing.T) {
	k := newKit(t, liveKey, func(o *Options) { o.ProxyURL = "/__clerk" })
	for host, want := range map[string]Status{
		"APP.example.com:443": SignedIn, "app.example.com:80": SignedOut, "app.example.com:8443": SignedOut,
	} {
		r := withHeaderToken(t, "GET /", "Bearer "+k.session(object{"iss": appOrigin + "/__clerk"}), "empty", "")
		r.Host = host
		if s := k.auth.Authenticate(r); s.Status != want {
			t.Errorf("%s: %s, want %s", host, s.Status, want)
		}
	}
}
