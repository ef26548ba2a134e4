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

		live(4, "live satellite", OptionSet{IsSatellite: true, Domain: "satellite.example", SignInURL: ourParty + "/sign-in"}),
		live(4, "live satellite, auto sync", OptionSet{IsSatellite: true, Domain: "satellite.example", SatelliteAutoSync: true, AuthorizedParties: parties}),
		live(3, "live satellite, proxy URL, sign-in path", OptionSet{IsSatellite: true, ProxyURL: "https://satellite.example/__clerk", SignInURL: "/sign-in"}),
		live(2, "live satellite, domain and proxy path", OptionSet{IsSatellite: true, Domain: "satellite.example", ProxyURL: "/__clerk", SatelliteAutoSync: true}),
		test(4, "test satellite", OptionSet{IsSatellite: true, Domain: "satellite.example", SignInURL: "http://localhost:3000/sign-in?a=b%20c"}),
		test(4, "test satellite, auto sync", OptionSet{IsSatellite: true, Domain: "satellite.example", SatelliteAutoSync: true, SignInURL: ourParty + "/sign-in"}),
		test(2, "test satellite, proxy path", OptionSet{IsSatellite: true, ProxyURL: "/__clerk", SatelliteAutoSync: true, SignInURL: ourParty + "/in"}),

		live(8, "live, organizations by slug", OptionSet{Organizations: bySlug}),
		live(6, "live, organizations by ID, personal accounts", OptionSet{Organizations: byID}),
		test(5, "test, organizations by slug", OptionSet{Organizations: bySlug}),
		live(2, "live satellite, organizations", OptionSet{
			Organizations: byID, IsSatellite: true, Domain: "satellite.example", SatelliteAutoSync: true,
		}),

		live(5, "live, any token", OptionSet{AcceptsToken: []string{"any"}}),
		test(4, "test, any token, audience, parties", OptionSet{AcceptsToken: []string{"any"}, Audience: audience, AuthorizedParties: parties}),
		live(4, "live, sessions and API keys", OptionSet{AcceptsToken: []string{sessionToken, apiKey}}),
		live(3, "live, sessions and OAuth, audience, PEM", OptionSet{AcceptsToken: []string{oauthToken, sessionToken}, Audience: audience, JWTKey: pem}),
		live(3, "live, M2M and OAuth", OptionSet{AcceptsToken: []string{m2mToken, oauthToken}}),
		live(3, "live, API keys", OptionSet{AcceptsToken: []string{apiKey}}),
		live(3, "live, M2M tokens", OptionSet{AcceptsToken: []string{m2mToken}}),
		test(2, "test, M2M tokens, audience, PEM", OptionSet{AcceptsToken: []string{m2mToken}, Audience: []string{"mch_2"}, JWTKey: pem}),
		live(4, "live, OAuth tokens, audience", OptionSet{AcceptsToken: []string{oauthToken}, Audience: audience, ClockSkew: milliseconds(600_000)}),
		live(2, "live, any token, no keys", OptionSet{AcceptsToken: []string{"any"}, Keys: "outage"}),
		{2, OptionSet{Name: "API keys, no publishable key", SecretKey: liveSecret, AcceptsToken: []string{apiKey}}},
		{2, OptionSet{Name: "M2M tokens, no publishable key", SecretKey: liveSecret, AcceptsToken: []string{m2mToken}}},
	}
}

// The patterns of organization sync.
var (
	bySlug = &OrganizationPaths{Organization: []string{
		"/orgs/:slug", "/orgs/:slug/(.*)", "/{:locale/}?team/:slug", `/teams/(\d+)/:slug`,
	}}
	byID = &OrganizationPaths{
		Organization: []string{"/by-id/:id", "/by-id/:id/(.*)"},
		Personal:     []string{"/me", "/me/(.*)"},
	}
)

func optionSet(weight int, name, key, secret string, o OptionSet) weighted[OptionSet] {
	o.Name, o.SecretKey = name, secret
	if o.PublishableKey == "" {
		o.PublishableKey = key
	}
	return weighted[OptionSet]{weight, o}
}
