// SPDX-License-Identifier: Apache-2.0

//go:build conformance

package conformance

// Publishable keys. With and without padding is the same instance, but not
// the same names of cookies.
const (
	liveKey       = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k"                         // clerk.example.com
	liveKeyPadded = "pk_live_ZmFrZS1jbGVyay10ZXN0LmNsZXJrLmFjY291bnRzLmRldiQ=" // fake-clerk-test.clerk.accounts.dev
	liveKeyBare   = "pk_live_YXV0aC5leGFtcGxlLmNvbSQ"                          // auth.example.com
	testKey       = "pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk"         // foo-bar-13.clerk.accounts.dev
	testKeyPadded = "pk_test_ZW5vdWdoLWFscGFjYS04LmNsZXJrLmFjY291bnRzLmRldiQ=" // enough-alpaca-8.clerk.accounts.dev
)

const (
	liveSecret = "sk_live_conformance"
	testSecret = "sk_test_conformance"
)

// ourParty and ourAudience are what the options demand of tokens, when they
// demand any.
const (
	ourParty    = "https://app.example.com"
	ourAudience = "https://api.example.com"
)

func milliseconds(n int64) *int64 { return &n }

// optionSets lists the configurations with how often each is chosen.
func optionSets(pem string) []weighted[OptionSet] {
	parties := []string{ourParty, "http://localhost:3000"}
	audience := []string{ourAudience, "second-audience"}
	live := func(weight int, name string, change OptionSet) weighted[OptionSet] {
		return optionSet(weight, name, liveKey, liveSecret, change)
	}
	test := func(weight int, name string, change OptionSet) weighted[OptionSet] {
		return optionSet(weight, name, testKey, testSecret, change)
	}
	return []weighted[OptionSet]{
		live(5, "live", OptionSet{}),
		live(5, "live, PEM", OptionSet{JWTKey: pem}),
		live(3, "live, padded key", OptionSet{PublishableKey: liveKeyPadded}),
		live(3, "live, host without clerk", OptionSet{PublishableKey: liveKeyBare}),
		live(5, "live, authorized parties", OptionSet{AuthorizedParties: parties}),
		live(5, "live, audience", OptionSet{Audience: audience}),
		live(3, "live, issuer", OptionSet{Issuer: []string{"https://clerk.example.com", "https://login.example.org"}}),
		live(3, "live, sign-in URL", OptionSet{SignInURL: "https://login.example.org/in?from=app"}),
		live(3, "live, sign-in path, all demands", OptionSet{SignInURL: "/sign-in", AuthorizedParties: parties, Audience: audience, JWTKey: pem}),
		live(4, "live, proxy URL", OptionSet{ProxyURL: "https://app.example.com/__clerk/"}),
		live(4, "live, proxy path", OptionSet{ProxyURL: "/__clerk"}),
		live(3, "live, skew of 10 minutes", OptionSet{ClockSkew: milliseconds(600_000)}),
		test(6, "test", OptionSet{}),
		test(4, "test, padded key, PEM", OptionSet{PublishableKey: testKeyPadded, JWTKey: pem}),
		test(4, "test, authorized parties", OptionSet{AuthorizedParties: parties}),
		test(3, "test, sign-in path", OptionSet{SignInURL: "/sign-in"}),
		test(3, "test, sign-in URL", OptionSet{SignInURL: "http://localhost:3001/sign-in"}),
		test(3, "test, proxy path", OptionSet{ProxyURL: "/__clerk"}),
		test(2, "test, no skew", OptionSet{ClockSkew: milliseconds(0)}),
		live(1, "live, no keys", OptionSet{Keys: "outage"}),
		live(1, "live, secret key refused", OptionSet{Keys: "refused"}),
		test(1, "test, no keys", OptionSet{Keys: "outage"}),
	}
}

func optionSet(weight int, name, key, secret string, o OptionSet) weighted[OptionSet] {
	o.Name, o.SecretKey = name, secret
	if o.PublishableKey == "" {
		o.PublishableKey = key
	}
	return weighted[OptionSet]{weight, o}
}
