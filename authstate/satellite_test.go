// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"net/url"
	"strings"
	"testing"
)

const primarySignIn = "https://primary.example.com/sign-in?a=1"

// satellite makes an application a satellite.
func satellite(autoSync bool) func(*Options) {
	return func(o *Options) {
		o.Satellite, o.SignInURL = &Satellite{Domain: appHost, AutoSync: autoSync}, primarySignIn
	}
}

func TestNewChecksWhatASatelliteNeeds(t *testing.T) {
	for _, test := range []struct {
		name, key, domain, proxy, signIn, want string
	}{
		{"production", liveKey, appHost, "", "", ""},
		{"production, proxy", liveKey, "", "/__clerk", "", ""},
		{"development", testKey, appHost, "", primarySignIn, ""},
		{"neither domain nor proxy", liveKey, "", "", "", "domain: "},
		{"a scheme", liveKey, "https://app.example.com", "", "", "domain: "},
		{"a path", liveKey, "app.example.com/x", "", "", "domain: "},
		{"user information", liveKey, "a@evil.example", "", "", "domain: "},
		{"a port that is none", liveKey, "app.example.com:x", "", "", "domain: "},
		{"development without a page", testKey, appHost, "", "", "sign_in_url: "},
		{"development with a path", testKey, appHost, "", "/sign-in", "sign_in_url: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := New(Options{
				PublishableKey: test.key, Verifier: newKit(t, liveKey).auth.options.Verifier,
				Satellite: &Satellite{Domain: test.domain}, ProxyURL: test.proxy, SignInURL: test.signIn,
			})
			if (err == nil) != (test.want == "") || err != nil && !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

func TestASatelliteLearnsOfTheSession(t *testing.T) {
	for _, test := range []struct {
		name     string
		autoSync bool
		target   string
		cookie   string
		status   Status
		reason   string
	}{
		{"at first, by itself", true, "/p", "", Handshake, ReasonSatelliteNeedsSyncing},
		{"at first, when told to only", false, "/p", "", SignedOut, ReasonSessionTokenAndUATMissing},
		{"told to", false, "/p?__clerk_synced=false", "", Handshake, ReasonSatelliteNeedsSyncing},
		{"told to, with a session", false, "/p?__clerk_synced=false", "good", Handshake, ReasonSatelliteNeedsSyncing},
		{"something else told", false, "/p?__clerk_synced=no", "", SignedOut, ReasonSessionTokenAndUATMissing},
		{"done", true, "/p?__clerk_synced=true", "good", SignedIn, ""},
		{"a session", true, "/p", "good", SignedIn, ""},
		{"a session that is over", true, "/p", "uat", Handshake, ReasonClientUATWithoutSessionToken},
		{"signed out, as cookies say", true, "/p", "out", Handshake, ReasonSatelliteNeedsSyncing},
	} {
		bothInstances(t, func(t *testing.T, k *kit, devBrowser string) {
			k = newKit(t, k.auth.options.PublishableKey, satellite(test.autoSync))
			good := k.session(object{"iss": "https://" + k.auth.frontendAPIHost()})
			cookies := map[string][]string{
				"": {}, "good": {"__session=" + good, "__client_uat=1"}, "uat": {"__client_uat=1"}, "out": {"__client_uat=0"},
			}[test.cookie]
			s := k.auth.Authenticate(document(t, test.target, append(cookies, devBrowser)...))
			expect(t, s, test.status, test.reason)
			if s.Reason != ReasonSatelliteNeedsSyncing {
				return
			}
			here := appOrigin + test.target
			if k.auth.key.InstanceType == Production {
				if !strings.HasPrefix(s.Location, "https://clerk."+appHost+"/v1/client/handshake?") || query(t, s.Location, "redirect_url") != here {
					t.Errorf("to %s", s.Location)
				}
			} else if want := primarySignIn + "&__clerk_redirect_url=" + url.QueryEscape(here); s.Location != want {
				t.Errorf("to\n%s, want\n%s", s.Location, want)
			}
			if len(s.Cookies) != 1 || !isCounter(s.Cookies[0]) {
				t.Errorf("cookies %q", s.Cookies)
			}
		})
	}
}

func TestOnlyADocumentIsSentToThePrimaryDomain(t *testing.T) {
	for _, lines := range [][]string{
		{"POST /p", "Sec-Fetch-Dest: document"},
		{"HEAD /p", "Sec-Fetch-Dest: document"},
		{"GET /p", "Sec-Fetch-Dest: iframe"},
		{"GET /p", "Sec-Fetch-Dest: empty"},
		{"GET /p", "Accept: text/html"},
		{"GET /p", "Sec-Fetch-Dest: document", "Upgrade: websocket"},
	} {
		k := newKit(t, liveKey, satellite(true))
		expect(t, k.auth.Authenticate(read(t, lines[0], lines[1:]...)), SignedOut, ReasonSessionTokenAndUATMissing)
	}
}

func TestSyncingASatelliteEndsInNoLoop(t *testing.T) {
	for _, key := range []string{liveKey, testKey} {
		s := newKit(t, key, satellite(true)).auth.Authenticate(document(t, "/p", "__clerk_redirect_count=3"))
		expect(t, s, SignedOut, ReasonSatelliteNeedsSyncing)
		if !s.Loop || s.Location != "" || len(s.Cookies) > 0 {
			t.Errorf("%+v", s)
		}
	}
}

func TestAnAddressThatCannotBeReadIsNotSentToThePrimaryDomain(t *testing.T) {
	for _, key := range []string{liveKey, testKey} {
		s := newKit(t, key, satellite(true)).auth.Authenticate(document(t, "/"+strings.Repeat("a", 17<<10)))
		expect(t, s, SignedOut, ReasonSatelliteNeedsSyncing)
	}
}

func TestASatelliteHasItselfToldAfterSigningIn(t *testing.T) {
	k := newKit(t, liveKey, satellite(false))
	for target, back := range map[string]string{
		"/p?a=1":                         appOrigin + "/p?a=1&__clerk_synced=false",
		"/p?__clerk_synced=true&a=1":     appOrigin + "/p?__clerk_synced=false&a=1",
		"/p?__clerk_db_jwt=x":            appOrigin + "/p?__clerk_synced=false",
		"/p?__clerk_synced=true&a=%20~b": appOrigin + "/p?__clerk_synced=false&a=+%7Eb",
	} {
		location, err := k.auth.Authenticate(script(t, target)).SignInURL()
		if err != nil || query(t, location, "redirect_url") != back || !strings.HasPrefix(location, "https://primary.example.com/sign-in?") {
			t.Errorf("%s: %s (%v)", target, location, err)
		}
	}
	own := newKit(t, liveKey, satellite(false), func(o *Options) { o.SignInURL = "/sign-in" })
	location, err := own.auth.Authenticate(script(t, "/p")).SignInURL()
	if err != nil || query(t, location, "redirect_url") != appOrigin+"/p" {
		t.Errorf("to its own page: %s (%v)", location, err)
	}
}

// The reference redirects to every one of these, with the browser's token.
func TestAPrimaryDomainIsNoOpenRedirector(t *testing.T) {
	k := newKit(t, testKey, func(o *Options) { o.Requirements.AuthorizedParties = []string{appOrigin} })
	for _, back := range []string{
		"https://evil.example/", "https://evil.example", "HTTPS://EVIL.EXAMPLE/", "//evil.example/", `\\evil.example`, "/x", "x", "?x", "#x",
		"https://app.example.com@evil.example/", "https://app.example.com:p@evil.example/", "https://user@app.example.com/", "https://:p@localhost/",
		"https://app.example.com.evil.example/", "https://evil.example/app.example.com", `https://evil.example\@app.example.com/`,
		"https://evil.example#app.example.com", "https://evil.example?app.example.com", "https:evil.example", "https:/evil.example", "https:///evil.example",
		"http://app.example.com/", "https://app.example.com:8443/", "https://app.example.com./", "https://xapp.example.com/",
		"https://localhost.evil.example/", "https://evillocalhost/", "https://127.0.0.1.evil.example/", "https://127.0.0.2.nip.io/", "https://[::2]/",
		"javascript:alert(1)//localhost", "javascript://localhost/%0aalert(1)", "data:text/html,localhost", "ftp://localhost/", "file://localhost/x",
		"blob:https://app.example.com/x", "view-source:https://app.example.com/", "ws://localhost/", "https://\tevil.example/", "https://evil\n.example/",
		"https://0.0.0.0/", "https://[::ffff:10.0.0.1]/", "https://xn--/", "https://%65vil.example/", "https://evil。example/", "https://", "http:",
		"https://" + strings.Repeat("a", 70<<10) + ".example/", strings.Repeat("x", 9<<10),
	} {
		target := "/p?__clerk_redirect_url=" + url.QueryEscape(back)
		s := k.auth.Authenticate(document(t, target, "__clerk_db_jwt=dvb_1", "__client_uat=1"))
		if s.Reason == ReasonPrimaryRespondsToSyncing || s.Location != "" && !strings.HasPrefix(s.Location, k.issuer+"/v1/client/handshake?") {
			t.Errorf("%.200q: %s, to %.200q", back, s.Reason, s.Location)
		}
	}
}

func TestAPrimaryDomainAnswersItsSatellites(t *testing.T) {
	for back, want := range map[string]string{
		"http://localhost:3001/x?a=1":              "http://localhost:3001/x?a=1&__clerk_db_jwt=dvb_1&__clerk_synced=true",
		"http://localhost:3001/?__clerk_synced=x":  "http://localhost:3001/?__clerk_synced=true&__clerk_db_jwt=dvb_1",
		"http://app.localhost":                     "http://app.localhost/?__clerk_db_jwt=dvb_1&__clerk_synced=true",
		"https://127.0.0.1:8443/":                  "https://127.0.0.1:8443/?__clerk_db_jwt=dvb_1&__clerk_synced=true",
		"http://[::1]/":                            "http://[::1]/?__clerk_db_jwt=dvb_1&__clerk_synced=true",
		"https://sat.example.com/#top":             "https://sat.example.com/?__clerk_db_jwt=dvb_1&__clerk_synced=true#top",
		"HTTPS://SAT.example.com:443/a b":          "https://sat.example.com/a%20b?__clerk_db_jwt=dvb_1&__clerk_synced=true",
		"http://localhost:3001/?__clerk_db_jwt=no": "http://localhost:3001/?__clerk_db_jwt=no&__clerk_db_jwt=dvb_1&__clerk_synced=true",
	} {
		k := newKit(t, testKey, func(o *Options) { o.Requirements.AuthorizedParties = []string{"https://sat.example.com"} })
		target := "/p?__clerk_redirect_url=" + url.QueryEscape(back)
		s := k.auth.Authenticate(document(t, target, "__clerk_db_jwt=dvb_1"))
		expect(t, s, Handshake, ReasonPrimaryRespondsToSyncing)
		if s.Location != want || len(s.Cookies) != 1 || !isCounter(s.Cookies[0]) {
			t.Errorf("to\n%s, want\n%s; cookies %q", s.Location, want, s.Cookies)
		}
		expect(t, k.auth.Authenticate(script(t, target)), SignedOut, ReasonPrimaryRespondsToSyncing)
		s = k.auth.Authenticate(document(t, target, "__clerk_db_jwt=dvb_1", "__clerk_redirect_count=3"))
		expect(t, s, SignedOut, ReasonPrimaryRespondsToSyncing)
		if !s.Loop {
			t.Error("expected the third answer in a row to be the last")
		}
	}
}

func TestOnlyADevelopmentInstancesPrimaryAnswersSatellites(t *testing.T) {
	const target = "/p?__clerk_redirect_url=http%3A%2F%2Flocalhost%2F"
	for name, k := range map[string]*kit{
		"production": newKit(t, liveKey), "production satellite": newKit(t, liveKey, satellite(false)), "satellite": newKit(t, testKey, satellite(false)),
	} {
		s := k.auth.Authenticate(document(t, target, "__clerk_db_jwt=dvb_1"))
		if s.Status != SignedOut || s.Reason != ReasonSessionTokenAndUATMissing {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func TestTokensOfASatelliteMayNameEitherFrontendAPI(t *testing.T) {
	k := newKit(t, liveKey, satellite(false))
	for issuer, want := range map[string]Status{
		k.issuer: SignedIn, "https://clerk." + appHost: SignedIn, "https://clerk.evil.example": SignedOut, "https://" + appHost: SignedOut,
	} {
		r := read(t, "GET /", "Authorization: Bearer "+k.session(object{"iss": issuer}))
		if s := k.auth.Authenticate(r); s.Status != want {
			t.Errorf("%s: %s %s", issuer, s.Status, s.Reason)
		}
	}
}

func TestWhateverTheOriginASatelliteDecides(t *testing.T) {
	k := newKit(t, testKey, satellite(true))
	for _, origin := range []string{"https://primary.example.com", "null", "x"} {
		r := document(t, "/p", "__session="+k.session(), "__client_uat=1", "__clerk_db_jwt=dvb_1")
		r.Header = r.Header.Clone()
		r.Header.Set("Origin", origin)
		expect(t, k.auth.Authenticate(r), SignedIn, "")
	}
}
