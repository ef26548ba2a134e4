// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"strings"
	"testing"
)

func TestSignInLeadsToThePageAndBack(t *testing.T) {
	for _, test := range []struct {
		name, key, signIn, target, want string
	}{
		{
			"production", liveKey, "", "/p?a=1",
			"https://accounts.example.com/sign-in?redirect_url=https%3A%2F%2Fapp.example.com%2Fp%3Fa%3D1",
		},
		{
			"development", testKey, "", "/p?a=1",
			"https://foo-bar-13.accounts.dev/sign-in?redirect_url=https%3A%2F%2Fapp.example.com%2Fp%3Fa%3D1&__clerk_db_jwt=dvb_1",
		},
		{"path", liveKey, "/sign-in", "/p", appOrigin + "/sign-in?redirect_url=https%3A%2F%2Fapp.example.com%2Fp"},
		{"path in development", testKey, "/sign-in", "/p", appOrigin + "/sign-in?redirect_url=https%3A%2F%2Fapp.example.com%2Fp"},
		{
			"path with a query", liveKey, "/sign-in?lang=de", "/p",
			appOrigin + "/sign-in?lang=de&redirect_url=https%3A%2F%2Fapp.example.com%2Fp",
		},
		{
			"address with a query", liveKey, "https://login.example.com/?a=b%20c&redirect_url=x#top", "/p",
			"https://login.example.com/?a=b+c&redirect_url=https%3A%2F%2Fapp.example.com%2Fp#top",
		},
		{
			"another port is another origin", testKey, appOrigin + ":8443/in", "/p",
			appOrigin + ":8443/in?redirect_url=https%3A%2F%2Fapp.example.com%2Fp&__clerk_db_jwt=dvb_1",
		},
		{"the same page below", liveKey, "/sign-in", "/sign-in/factor-two", appOrigin + "/sign-in?redirect_url=https%3A%2F%2Fapp.example.com%2Fsign-in%2Ffactor-two"},
		{
			"what a handshake left", liveKey, "", "/p?a=1&__clerk_handshake=x&__clerk_help=1&__clerk_db_jwt=y&__clerk_handshake_nonce=",
			"https://accounts.example.com/sign-in?redirect_url=https%3A%2F%2Fapp.example.com%2Fp%3Fa%3D1",
		},
		{
			"a query is left as it is", liveKey, "", "/p?a=%20~",
			"https://accounts.example.com/sign-in?redirect_url=https%3A%2F%2Fapp.example.com%2Fp%3Fa%3D%2520%7E",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			k := newKit(t, test.key, func(o *Options) { o.SignInURL, o.Handshakes = test.signIn, nil })
			got, err := k.auth.Authenticate(document(t, test.target, "__clerk_db_jwt=dvb_1")).SignInURL()
			if err != nil || got != test.want {
				t.Errorf("to\n%s (%v), want\n%s", got, err, test.want)
			}
		})
	}
}

func TestAPendingSessionLeadsToItsTasks(t *testing.T) {
	for signIn, want := range map[string]string{
		"":                          "https://accounts.example.com/sign-in/tasks?redirect_url=",
		"/sign-in":                  appOrigin + "/sign-in/tasks?redirect_url=",
		"https://login.example.com": "https://login.example.com/tasks?redirect_url=",
	} {
		k := newKit(t, liveKey, func(o *Options) { o.SignInURL = signIn })
		s := k.auth.Authenticate(document(t, "/p", "__client_uat=1", "__session="+k.session(object{"sts": "pending"})))
		expect(t, s, SignedIn, "")
		if !s.IsPending() || s.IsSignedIn() {
			t.Errorf("pending %v, signed in %v", s.IsPending(), s.IsSignedIn())
		}
		if got, err := s.SignInURL(); err != nil || got != want+"https%3A%2F%2Fapp.example.com%2Fp" {
			t.Errorf("to %s (%v), want %s", got, err, want)
		}
	}
}

func TestASignInPageBehindItsOwnGateIsAnError(t *testing.T) {
	for signIn, targets := range map[string][]string{
		"/sign-in":                              {"/sign-in", "/sign-in?redirect_url=x", "/a/../sign-in", `/.\sign-in`, "/%2e/sign-in"},
		appOrigin + "/sign-in":                  {"/sign-in", "/sign-in?x"},
		"https://APP.example.com:443/sign-in?a": {"/sign-in"},
	} {
		k := newKit(t, liveKey, func(o *Options) { o.SignInURL = signIn })
		for _, target := range targets {
			if got, err := k.auth.Authenticate(document(t, target)).SignInURL(); err == nil {
				t.Errorf("%s: from %s to %s", signIn, target, got)
			}
		}
	}
}

func TestOnlyDevelopmentSendsABrowserTokenAlong(t *testing.T) {
	k := newKit(t, liveKey)
	got, err := k.auth.Authenticate(document(t, "/?__clerk_db_jwt=dvb_2", "__clerk_db_jwt=dvb_1")).SignInURL()
	if err != nil || strings.Contains(got, "dvb_") {
		t.Errorf("%s (%v)", got, err)
	}
}
