// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
)

// mistake is what people write wrong in the value of a subdirective, and the
// message that they see.
type mistake struct{ value, message string }

// What subdirectives say when they are given nothing, or more than they take.
const (
	oneMissing     = "expected a value"
	oneTooMany     = "it takes one value, in quotes if there are spaces in it"
	severalMissing = "expected one value or more"
	none           = "it takes no value, and leaving it out is what turns it off"
)

// mistakes has every subdirective of clerk_auth. Those from publishable_key up to
// sign_up_url are of the global option, too.
var mistakes = map[string]struct {
	// missing is the message when there is no value; empty where there has to
	// be none.
	missing string
	// tooMany is how the message ends when there is one value too many; empty
	// where there can be any number.
	tooMany string
	wrong   []mistake
}{
	"instance": {oneMissing, oneTooMany, []mistake{
		{"acme", `instance: expected the name of one in the global option clerk, which has none yet, got "acme"`},
		{"acme.com", `instance: expected a name of letters, digits, dashes and underscores, such as acme, got "acme.com"`},
		{"{env.ACME}", `instance: expected a name of letters, digits, dashes and underscores, such as acme, got "{env.ACME}"`},
		{"acme {\nsecret_key sk_live_abc\n}", "instance acme: a gate only names it; write its settings into the global option clerk"},
	}},
	"clerk/instance": {"expected a name and a block of settings, such as instance acme { … }", "", []mistake{
		{"acme", "instance acme: expected a block of settings, such as publishable_key and secret_key"},
		{"acme {\n}", "instance acme: expected a block of settings, such as publishable_key and secret_key"},
		{"acme sk_live_abc", "instance acme: unexpected argument 'sk_live_abc'; the settings go into a block"},
		{"{\nclock_skew 5s\n}", "instance: expected a name and a block of settings, such as instance acme { … }"},
		{"a/b {\nclock_skew 5s\n}", `instance: expected a name of letters, digits, dashes and underscores, such as acme, got "a/b"`},
		{"acme {\nclock_skew 5s\n}\ninstance acme {\nclock_skew 6s\n}", "instance acme: already set; write all of its settings into one block"},
		{"acme {\ninstance shop {\nclock_skew 5s\n}\n}", "instance: it cannot stand in a block like this; write all instances side by side, right in the global option clerk"},
		// Nothing uses these.
		{"acme {\nclock_skew 1h\n}", "instance acme: clock_skew: expected 0s to 5m0s, got 1h0m0s"},
		{"acme {\nsign_in_url sign-in\n}", `instance acme: sign_in_url: expected a URL such as https://example.com/sign-in or a path such as /sign-in, got "sign-in"`},
		{"acme {\nsecret_key {env.NO_SUCH_VARIABLE}\n}", "instance acme: secret_key: evaluated placeholder {env.NO_SUCH_VARIABLE} is empty; set what it refers to, or leave the setting out"},
	}},
	"publishable_key": {oneMissing, oneTooMany, []mistake{
		{"pk_prod_abc", "publishable_key: expected a publishable key, pk_test_… or pk_live_…, as the Clerk Dashboard shows it under API keys"},
		{"clerk.example.com", "publishable_key: expected a publishable key, pk_test_… or pk_live_…, as the Clerk Dashboard shows it under API keys"},
	}},
	"secret_key": {oneMissing, oneTooMany, []mistake{
		{"pk_live_abc", "secret_key: expected a key that begins with sk_test_ or sk_live_, as the Clerk Dashboard shows it under API keys"},
		{"sk_test_abc", "secret_key: it is a development key and publishable_key is a production key; take both from the same instance"},
		{`"sk_live_ab c"`, "secret_key: it contains a character that no key has; copy it once more from the Clerk Dashboard"},
	}},
	"machine_secret_key": {oneMissing, oneTooMany, []mistake{
		{"sk_live_abc", "machine_secret_key: expected the key of a machine, which begins with ak_, and this is one of the instance; copy it from the Clerk Dashboard (Machines), or leave it out to use secret_key"},
		{"pk_live_abc", "machine_secret_key: expected the key of a machine, which begins with ak_, and this is one of the instance; copy it from the Clerk Dashboard (Machines), or leave it out to use secret_key"},
		{`"ak_ab c"`, "machine_secret_key: it contains a character that no key has; copy it once more from the Clerk Dashboard"},
	}},
	"jwt_key": {oneMissing, oneTooMany, []mistake{
		{"MIIBIjANBgkq", "jwt_key: it is neither a public key in PEM nor the path of a file that can be read: no such file or directory"},
	}},
	"jwks_url": {oneMissing, oneTooMany, []mistake{
		{"clerk.example.com/jwks", "jwks_url: expected an absolute URL, which begins with https://"},
		{"http://clerk.example.com/jwks", `jwks_url: expected https (http is for loopback only), got "http://clerk.example.com/jwks"`},
		{"https://clerk.example.com/jwks?a=b", "jwks_url: expected a URL without user information, query and fragment"},
	}},
	"keys_max_stale": {oneMissing, oneTooMany, []mistake{
		{"24", "keys_max_stale: expected a duration such as 5s or 24h, got '24'"},
		{"30s", "keys_max_stale: expected a minute or more, got 30s"},
	}},
	"api_url": {oneMissing, oneTooMany, []mistake{
		{"api.clerk.com", "api_url: expected an absolute URL, which begins with https://"},
		{"http://api.clerk.com", `api_url: expected https (http is for loopback only), got "http://api.clerk.com"`},
	}},
	"api_version": {oneMissing, oneTooMany, []mistake{
		{"2025-11-10", `api_version: expected a version as in Clerk's addresses, such as v1, got "2025-11-10"`},
		{"/v1", `api_version: expected a version as in Clerk's addresses, such as v1, got "/v1"`},
	}},
	"authorized_parties": {severalMissing, "", []mistake{
		{"app.example.com", `authorized_parties: expected an origin such as https://app.example.com, got "app.example.com"`},
		{"https://app.example.com/", `authorized_parties: expected an origin such as https://app.example.com, without a path, got "https://app.example.com/": write https://app.example.com`},
	}},
	"audience": {severalMissing, "", []mistake{
		{`a ""`, "audience: expected one value or more"},
		{"{env.NO_SUCH_VARIABLE}", "audience: evaluated placeholder {env.NO_SUCH_VARIABLE} is empty; set what it refers to, or leave the setting out"},
	}},
	"issuer": {severalMissing, "", []mistake{
		{"clerk.example.com", `issuer: expected a URL such as https://clerk.example.com, without a slash at its end, got "clerk.example.com"`},
	}},
	"accepts_token": {severalMissing, "", []mistake{
		{"m2m", `accepts_token: expected any or some of session_token, api_key, m2m_token, oauth_token, got "m2m"`},
	}},
	"session_sync": {oneMissing, oneTooMany, []mistake{
		{"Handshake", `session_sync: expected handshake or interstitial, got "Handshake"`},
		{"{env.NO_SUCH_VARIABLE}", "session_sync: evaluated placeholder {env.NO_SUCH_VARIABLE} is empty; set what it refers to, or leave the setting out"},
	}},
	"outage_grace": {oneMissing, oneTooMany, []mistake{
		{"soon", "outage_grace: expected a duration such as 5s or 24h, got 'soon'"},
		{"-1m", "outage_grace: expected 0s, which is off, to 24h0m0s, got -1m0s"},
		{"25h", "outage_grace: expected 0s, which is off, to 24h0m0s, got 25h0m0s"},
		{"5m\nsecret_key sk_live_abc\nsession_sync interstitial", "session_sync: interstitial knows no outage_grace; leave it out, or use handshake"},
	}},
	"clock_skew": {oneMissing, oneTooMany, []mistake{
		{"5", "clock_skew: expected a duration such as 5s or 24h, got '5'"},
		{"10m", "clock_skew: expected 0s to 5m0s, got 10m0s"},
		{"-1s", "clock_skew: expected 0s to 5m0s, got -1s"},
	}},
	"proxy_url": {oneMissing, oneTooMany, []mistake{
		{"__clerk", `proxy_url: expected a URL such as https://example.com/__clerk or a path such as /__clerk, got "__clerk"`},
		{"//example.com/__clerk", `proxy_url: expected a path with one slash at its beginning, got "//example.com/__clerk"`},
	}},
	"domain": {oneMissing, oneTooMany, []mistake{
		{"app.example.com", "is_satellite: not set, and domain and satellite_auto_sync are only of use with it; set it, or leave them out"},
		{"https://app.example.com\nis_satellite", `domain: expected a host such as app.example.com, got "https://app.example.com"`},
	}},
	"is_satellite": {"", none, []mistake{
		{"", "domain: a satellite needs it, or a proxy_url; set it to the host that the application is on"},
	}},
	"satellite_auto_sync": {"", none, []mistake{
		{"", "is_satellite: not set, and domain and satellite_auto_sync are only of use with it; set it, or leave them out"},
	}},
	"organization_sync": {"expected a block with organization or personal_account", "the patterns go into a block", []mistake{
		{"{\norganization\n}", "organization: expected one value or more"},
		{"{\nteam /t/:id\n}", "unrecognized subdirective 'team' (allowed are: organization, personal_account)"},
		{"{\norganization /orgs/(.*)\n}", `organization_sync: organization: expected a parameter :id or :slug in each pattern, got "/orgs/(.*)"`},
		{"{\norganization orgs/:slug\n}", `organization_sync: organization: expected a slash at the beginning of each pattern, as paths have it, got "orgs/:slug"`},
		{"{\npersonal_account me\n}", `organization_sync: personal_account: expected a slash at the beginning of each pattern, as paths have it, got "me"`},
		{"{\npersonal_account /me/(.*\n}", `organization_sync: personal_account: path pattern "/me/(.*": at 4: expected a closing parenthesis, and found none`},
	}},
	"sign_in_url": {oneMissing, oneTooMany, []mistake{
		{"sign-in", `sign_in_url: expected a URL such as https://example.com/sign-in or a path such as /sign-in, got "sign-in"`},
		{"accounts.example.com", `sign_in_url: expected a URL such as https://example.com/sign-in or a path such as /sign-in, got "accounts.example.com"`},
	}},
	"sign_up_url": {oneMissing, oneTooMany, []mistake{
		{"sign-up", `sign_up_url: expected a URL such as https://example.com/sign-up or a path such as /sign-up, got "sign-up"`},
	}},
	"optional": {"", none, []mistake{
		{"\nsigned_out 401", "signed_out: it has no effect beside optional, which lets everybody pass; leave one of them out"},
	}},
	"signed_out": {oneMissing, oneTooMany, []mistake{
		{"302", `signed_out: expected redirect or a status from 400 to 499, got "302"`},
		{"/sign-in", `signed_out: expected redirect or a status from 400 to 499, got "/sign-in"`},
	}},
	"require": {"expected what is required, such as require role org:admin", "", []mistake{
		{"org:admin", "require: expected one of role, permission, feature, plan, reverification, scope, such as require role org:admin, got 'org:admin'"},
		{"role", "require role: expected one value or more"},
		{"reverification weekly", `require: reverification: expected strict_mfa, strict, moderate or lax, or a level (first_factor, second_factor or multi_factor) and minutes, got "weekly"`},
		{"role admin\noptional", "require: optional lets everybody pass, whatever they have; leave one of them out"},
	}},
	"forbidden": {oneMissing, oneTooMany, []mistake{
		{"200", `forbidden: expected a status from 400 to 499, got "200"`},
		{"redirect", `forbidden: expected a status from 400 to 499, got "redirect"`},
		{"404", "forbidden: nothing is required, so everybody who is signed in passes; add require, or leave it out"},
		{"404\noptional", "forbidden: nothing is required, so everybody who is signed in passes; add require, or leave it out"},
	}},
	"preflight": {oneMissing, oneTooMany, []mistake{
		{"allow", `preflight: expected pass or check, got "allow"`},
		{"on", `preflight: expected pass or check, got "on"`},
	}},
	"identity_headers": {"", "", []mistake{
		{"X-Auth- more", "identity_headers: unexpected argument 'more'"},
		{"X-User", `identity_headers: expected a prefix that ends in a dash, such as X-Auth-, got "X-User"`},
		{"{\nX-User\n}", "identity_headers: X-User: expected a value, such as {http.clerk.user_id}"},
		{"{\nCookie {http.clerk.user_id}\n}", "identity_headers: Cookie has a meaning of its own, and would be taken out of every request; choose another name, such as X-User-Id"},
		{"{\nX-User {http.clerk.user_id}\nX_User {http.clerk.user_id}\n}", "identity_headers: X-User and X_User are one header to applications that take dashes, underscores and dots for each other; leave one of them out"},
	}},
	"strip_credentials": {"", none, []mistake{
		{"cookies", "strip_credentials: unexpected argument 'cookies'; " + none},
	}},
	"sign_out": {oneMissing, oneTooMany, []mistake{
		{"sign-out", `sign_out: expected a path such as /sign-out, without a pattern, query or slash at its end, got "sign-out"`},
		{"https://app.example.com/sign-out", `sign_out: expected a path such as /sign-out, without a pattern, query or slash at its end, got "https://app.example.com/sign-out"`},
		{"//sign-out", `sign_out: expected a path such as /sign-out, without a pattern, query or slash at its end, got "//sign-out"`},
		{"/sign-out?x", `sign_out: expected a path such as /sign-out, without a pattern, query or slash at its end, got "/sign-out?x"`},
		{"/", `sign_out: expected a path such as /sign-out, without a pattern, query or slash at its end, got "/"`},
		{"/sign-out\naccepts_token api_key\nsecret_key sk_live_abc", "sign_out: accepts_token has no session_token, and machines have no session to sign out of; leave one of them out"},
	}},
}

// complaint gives what Caddy says of a gate and of the global option.
func complaint(t *testing.T, option, gate string) string {
	t.Helper()
	return siteComplaint(t, option, "clerk_auth {\n"+gate+"\n}")
}

// siteComplaint gives what Caddy says of the global option and of a site of some
// directives.
func siteComplaint(t *testing.T, option, directives string) string {
	t.Helper()
	caddyfile := "{\nadmin off\nstorage file_system " + t.TempDir() + "\nlog {\noutput discard\n}\nclerk {\n" + option + "\n}\n}\n" +
		":0 {\n" + directives + "\n}\n"
	adapted, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(caddyfile), nil)
	if err != nil {
		message, _, _ := strings.Cut(err.Error(), ", at Caddyfile:")
		return message
	}
	config := new(caddy.Config)
	if err := caddy.StrictUnmarshalJSON(adapted, config); err != nil {
		t.Fatal(err)
	}
	if err := caddy.Validate(config); err != nil {
		return err.Error()
	}
	return ""
}

// TestEveryMistakeNamesTheSettingAndTheRemedy makes, in each subdirective of
// the directive and of the global option, the mistakes that can be made in any,
// and those that are its own.
func TestEveryMistakeNamesTheSettingAndTheRemedy(t *testing.T) {
	for _, name := range []string{"CLERK_PUBLISHABLE_KEY", "CLERK_SECRET_KEY", "CLERK_MACHINE_SECRET_KEY", "CLERK_JWT_KEY", "CLERK_API_URL"} {
		t.Setenv(name, "")
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
	const key = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k"
	for place, test := range map[string]struct {
		parsers map[string]parser
		try     func(lines string) string
	}{
		"clerk_auth": {new(Handler).parsers(), func(lines string) string { return complaint(t, "", lines) }},
		"clerk":      {new(App).parsers(), func(lines string) string { return complaint(t, lines, "") }},
	} {
		allowed := strings.Join(slices.Sorted(maps.Keys(test.parsers)), ", ")
		for name := range test.parsers {
			t.Run(place+"/"+name, func(t *testing.T) {
				known, ok := mistakes[place+"/"+name]
				if !ok {
					known, ok = mistakes[name]
				}
				if !ok || len(known.wrong) == 0 {
					t.Fatal("expected the mistakes that people make in it")
				}
				expect := func(lines, message string) {
					t.Helper()
					if got := test.try(lines); !strings.HasSuffix(got, ": "+message) {
						t.Errorf("%q: expected %q, got %q", lines, message, got)
					}
				}
				typo := name[:len(name)-1]
				expect(typo+" x", "unrecognized subdirective '"+typo+"' (allowed are: "+allowed+")")
				expect(name+"s x", "unrecognized subdirective '"+name+"s' (allowed are: "+allowed+")")
				if known.missing != "" {
					expect(name, name+": "+known.missing)
				}
				if known.tooMany != "" {
					value := "1m"
					if known.missing == "" || name == "organization_sync" {
						value = ""
					}
					expect(name+" "+value+" more", name+": unexpected argument 'more'; "+known.tooMany)
				}
				for _, m := range known.wrong {
					lines := name + " " + m.value
					if name != "publishable_key" {
						lines = "publishable_key " + key + "\n" + lines
					}
					expect(lines, m.message)
				}
			})
		}
	}
}

// TestASettingThatIsSetTwiceSaysHowToWriteIt tries each subdirective.
func TestASettingThatIsSetTwiceSaysHowToWriteIt(t *testing.T) {
	for name := range new(Handler).parsers() {
		if name == "require" {
			continue
		}
		value := "1m"
		switch {
		case name == "organization_sync":
			value = "{\npersonal_account /me\n}"
		case mistakes[name].missing == "":
			value = ""
		}
		line := name + " " + value + "\n"
		if got, want := complaint(t, "", line+line), name+": already set; write it once, with all of its values on one line"; !strings.HasSuffix(got, ": "+want) {
			t.Errorf("expected %q, got %q", want, got)
		}
	}
}
