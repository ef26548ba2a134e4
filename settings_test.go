// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-clerk/caddy-clerk/emulator"
)

const (
	testKey = "pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk"
	liveKey = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k"
)

// provision loads a configuration up to where it would start.
func provision(t *testing.T, settings string) error {
	t.Helper()
	return caddy.Validate(config(t, adapt(t, `{
	admin off
	storage file_system `+t.TempDir()+`
	log {
		output discard
	}
}
:0 {
	clerk_auth {
		`+settings+`
	}
}
`)))
}

func config(t *testing.T, data []byte) *caddy.Config {
	t.Helper()
	c := new(caddy.Config)
	if err := caddy.StrictUnmarshalJSON(data, c); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestWrongSettingsNameThemselvesAndTheRemedy holds, for each mistake, the
// message that a person sees.
func TestWrongSettingsNameThemselvesAndTheRemedy(t *testing.T) {
	withoutEnvironment(t)
	t.Setenv("SEPARATORS", ", ,\n")
	t.Setenv("SPACES", " \n")
	notPEM := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(notPEM, []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ settings, want string }{
		"a role with a space": {
			`publishable_key ` + testKey + "\n" + `require role "org:admin org:owner"`,
			`require: role: expected a name without spaces, got "org:admin org:owner"; alternatives are values of their own`,
		},
		"a role that is not set": {
			`publishable_key ` + testKey + "\n" + `require role {env.NO_SUCH_ROLE}`,
			`require role: evaluated placeholder {env.NO_SUCH_ROLE} is empty; set what it refers to`,
		},
		"a feature of nobody": {
			`publishable_key ` + testKey + "\n" + `require feature team:gold`,
			`require: feature: expected the scope org or user, as in "org:gold", or none for either, got "team" in "team:gold"`,
		},
		"a preset that does not exist": {
			`publishable_key ` + testKey + "\n" + `require reverification very_strict`,
			`require: reverification: expected strict_mfa, strict, moderate or lax, or a level (first_factor, second_factor or multi_factor) and minutes, got "very_strict"`,
		},
		"a level without minutes": {
			`publishable_key ` + testKey + "\n" + `require reverification second_factor`,
			`require: reverification: expected minutes after the level second_factor, as in "second_factor 10"`,
		},
		"optional and required": {
			`publishable_key ` + testKey + "\n" + "require role org:admin\noptional",
			`require: optional lets everybody pass, whatever they have; leave one of them out`,
		},
		"scopes of people": {
			`publishable_key ` + testKey + "\n" + "require scope read",
			`require scope: only machine tokens have scopes, and accepts_token lists none; add api_key, m2m_token or oauth_token to it`,
		},
		"roles of machines": {
			"accepts_token m2m_token\nsecret_key sk_test_x\nrequire role org:admin",
			`require: machine tokens have scopes only, and accepts_token lists no session_token; use require scope, or add session_token to it`,
		},
		"roles and scopes at once": {
			`publishable_key ` + testKey + "\nsecret_key sk_test_x\naccepts_token any\nrequire role org:admin\nrequire scope read",
			`require: scope is for machines and the other kinds are for people, so nobody can meet both; use two gates, each under a matcher such as clerk token_type session_token`,
		},
		"a status that is no refusal": {
			`publishable_key ` + testKey + "\nforbidden 200",
			`forbidden: expected a status from 400 to 499, got "200"`,
		},
		"a grace for old verifications": {
			`publishable_key ` + testKey + "\noutage_grace 1m\nrequire reverification strict",
			`outage_grace: require reverification asks for a recent verification, which a session that has expired cannot show; write outage_grace 0s into this gate, or leave require reverification out`,
		},
		"a preflight that is unknown": {
			`publishable_key ` + testKey + "\npreflight allow",
			`preflight: expected pass or check, got "allow"`,
		},
		"no publishable key": {
			``,
			`publishable_key: not set; copy it from the Clerk Dashboard (API keys) into this setting, the global option clerk, or the environment variable CLERK_PUBLISHABLE_KEY`,
		},
		"secret key as publishable key": {
			`publishable_key sk_test_abc`,
			`publishable_key: expected a publishable key, pk_test_… or pk_live_…, as the Clerk Dashboard shows it under API keys`,
		},
		"publishable key cut short": {
			`publishable_key pk_test_Zm9v`,
			`publishable_key: expected a publishable key, pk_test_… or pk_live_…, as the Clerk Dashboard shows it under API keys: it does not name a Frontend API`,
		},
		"publishable key as secret key": {
			`publishable_key ` + testKey + "\n" + `secret_key ` + testKey,
			`secret_key: expected a key that begins with sk_test_ or sk_live_, as the Clerk Dashboard shows it under API keys`,
		},
		"keys of different environments": {
			`publishable_key ` + testKey + "\n" + `secret_key sk_live_abc`,
			`secret_key: it is a production key and publishable_key is a development key; take both from the same instance`,
		},
		"an API key without a secret key": {
			`accepts_token api_key`,
			`secret_key: not set, and accepts_token has api_key, which only Clerk can verify; set it (or CLERK_SECRET_KEY), or list the other types`,
		},
		"a token type that there is not": {
			`publishable_key ` + testKey + "\n" + `accepts_token session`,
			`accepts_token: expected any or some of session_token, api_key, m2m_token, oauth_token, got "session"`,
		},
		"any token and others": {
			`publishable_key ` + testKey + "\n" + `secret_key sk_test_abc` + "\n" + `accepts_token any api_key`,
			`accepts_token: any stands for all types; leave the others out`,
		},
		"a satellite without a domain": {
			`publishable_key ` + liveKey + "\n" + `is_satellite`,
			`domain: a satellite needs it, or a proxy_url; set it to the host that the application is on`,
		},
		"a domain of no satellite": {
			`publishable_key ` + liveKey + "\n" + `domain app.example.com`,
			`is_satellite: not set, and domain and satellite_auto_sync are only of use with it; set it, or leave them out`,
		},
		"a domain with a scheme": {
			`publishable_key ` + liveKey + "\n" + `is_satellite` + "\n" + `domain https://app.example.com`,
			`domain: expected a host such as app.example.com, got "https://app.example.com"`,
		},
		"a development satellite without a sign-in page": {
			`publishable_key ` + testKey + "\n" + `is_satellite` + "\n" + `domain localhost:3001` + "\n" + `sign_in_url /sign-in`,
			`sign_in_url: a satellite of a development instance needs the absolute address of the primary domain's sign-in page, got "/sign-in"`,
		},
		"a pattern without an organization": {
			`publishable_key ` + testKey + "\n" + "organization_sync {\n organization /orgs/(.*)\n}",
			`organization_sync: organization: expected a parameter :id or :slug in each pattern, got "/orgs/(.*)"`,
		},
		"an unknown way to keep sessions in step": {
			`publishable_key ` + testKey + "\n" + `session_sync iframe`,
			`session_sync: expected handshake or interstitial, got "iframe"`,
		},
		"an interstitial without a secret key": {
			`publishable_key ` + testKey + "\n" + `session_sync interstitial`,
			`secret_key: not set, and session_sync interstitial fetches its page with it; set it (or CLERK_SECRET_KEY)`,
		},
		"a sign-out path that is none": {
			`publishable_key ` + testKey + "\n" + `sign_out sign-out`,
			`sign_out: expected a path such as /sign-out, without a pattern, query or slash at its end, got "sign-out"`,
		},
		"a sign-out path that is the root": {
			`publishable_key ` + testKey + "\n" + `sign_out /`,
			`sign_out: expected a path such as /sign-out, without a pattern, query or slash at its end, got "/"`,
		},
		"a sign-out path with a slash at its end": {
			`publishable_key ` + testKey + "\n" + `sign_out /sign-out/`,
			`sign_out: expected a path such as /sign-out, without a pattern, query or slash at its end, got "/sign-out/"`,
		},
		"a sign-out path with two slashes": {
			`publishable_key ` + testKey + "\n" + `sign_out //sign-out`,
			`sign_out: expected a path such as /sign-out, without a pattern, query or slash at its end, got "//sign-out"`,
		},
		"a sign-out path with dots": {
			`publishable_key ` + testKey + "\n" + `sign_out /a/../sign-out`,
			`sign_out: expected a path such as /sign-out, without a pattern, query or slash at its end, got "/a/../sign-out"`,
		},
		"a sign-out path with a query": {
			`publishable_key ` + testKey + "\n" + `sign_out /sign-out?x=1`,
			`sign_out: expected a path such as /sign-out, without a pattern, query or slash at its end, got "/sign-out?x=1"`,
		},
		"a sign-out path with a fragment": {
			`publishable_key ` + testKey + "\n" + `sign_out /sign-out#x`,
			`sign_out: expected a path such as /sign-out, without a pattern, query or slash at its end, got "/sign-out#x"`,
		},
		"a sign-out path with an escape": {
			`publishable_key ` + testKey + "\n" + `sign_out /sign%2dout`,
			`sign_out: expected a path such as /sign-out, without a pattern, query or slash at its end, got "/sign%2dout"`,
		},
		"a sign-out path with a letter that browsers escape": {
			`publishable_key ` + testKey + "\n" + `sign_out /déconnexion`,
			`sign_out: expected a path such as /sign-out, without a pattern, query or slash at its end, got "/déconnexion"`,
		},
		"a sign-out path that is a pattern": {
			`publishable_key ` + testKey + "\n" + `sign_out /sign-out*`,
			`sign_out: expected a path such as /sign-out, without a pattern, query or slash at its end, got "/sign-out*"`,
		},
		"a sign-out path that is an address": {
			`publishable_key ` + testKey + "\n" + `sign_out https://app.example.com/sign-out`,
			`sign_out: expected a path such as /sign-out, without a pattern, query or slash at its end, got "https://app.example.com/sign-out"`,
		},
		"a sign-out path with a backslash": {
			`publishable_key ` + testKey + "\n" + `sign_out /sign\out`,
			`sign_out: expected a path such as /sign-out, without a pattern, query or slash at its end, got "/sign\\out"`,
		},
		"a sign-out path that is not set": {
			`publishable_key ` + testKey + "\n" + `sign_out {env.NO_SUCH_VARIABLE}`,
			`sign_out: evaluated placeholder {env.NO_SUCH_VARIABLE} is empty; set what it refers to, or leave the setting out`,
		},
		"a sign-out for machines": {
			`secret_key sk_test_abc` + "\n" + `accepts_token api_key` + "\n" + `sign_out /sign-out`,
			`sign_out: accepts_token has no session_token, and machines have no session to sign out of; leave one of them out`,
		},
		"environment variable that is not set": {
			`publishable_key {env.NO_SUCH_VARIABLE}`,
			`publishable_key: evaluated placeholder {env.NO_SUCH_VARIABLE} is empty; set what it refers to, or leave the setting out`,
		},
		"file that is not there": {
			`publishable_key ` + testKey + "\n" + `secret_key {file./no/such/file}`,
			`secret_key: evaluated placeholder {file./no/such/file} is empty; set what it refers to, or leave the setting out`,
		},
		"authorized parties from a variable that is not set": {
			`publishable_key ` + testKey + "\n" + `authorized_parties {env.NO_SUCH_VARIABLE}`,
			`authorized_parties: evaluated placeholder {env.NO_SUCH_VARIABLE} is empty; set what it refers to, or leave the setting out`,
		},
		"neither PEM nor file": {
			`publishable_key ` + testKey + "\n" + `jwt_key /no/such/file.pem`,
			`jwt_key: it is neither a public key in PEM nor the path of a file that can be read: no such file or directory`,
		},
		"file without a PEM": {
			`publishable_key ` + testKey + "\n" + `jwt_key ` + notPEM,
			`jwt_key: in the file: expected the public key of the instance in PEM, which begins with -----BEGIN PUBLIC KEY-----`,
		},
		"PEM that does not parse": {
			`publishable_key ` + testKey + "\n" + `jwt_key "-----BEGIN PUBLIC KEY-----AAAA-----END PUBLIC KEY-----"`,
			`jwt_key: expected the public key of the instance in PEM, which begins with -----BEGIN PUBLIC KEY-----`,
		},
		"two sources of keys": {
			`publishable_key ` + testKey + "\n" + `jwt_key x` + "\n" + `jwks_url https://a.example.com/`,
			`jwt_key: jwks_url is set too; leave one of them out`,
		},
		"Backend API as key source without secret key": {
			`publishable_key ` + testKey + "\n" + `jwks_url https://api.clerk.com/v1/jwks`,
			`secret_key: not set, and jwks_url is the Backend API's, which demands it; set it (or CLERK_SECRET_KEY), or leave jwks_url out to use the Frontend API's public key set`,
		},
		"key set in clear": {
			`publishable_key ` + testKey + "\n" + `jwks_url http://keys.example.com/`,
			`jwks_url: expected https (http is for loopback only), got "http://keys.example.com/"`,
		},
		"Backend API in clear": {
			`publishable_key ` + testKey + "\n" + `api_url http://10.0.0.1`,
			`api_url: expected https (http is for loopback only), got "http://10.0.0.1"`,
		},
		"Backend API with a password": {
			`publishable_key ` + testKey + "\n" + `api_url https://a:b@api.clerk.com`,
			`api_url: expected a URL without user information, query and fragment`,
		},
		"authorized party with a path": {
			`publishable_key ` + testKey + "\n" + `authorized_parties https://app.example.com/`,
			`authorized_parties: expected an origin such as https://app.example.com, without a path, got "https://app.example.com/": write https://app.example.com`,
		},
		"authorized party without a scheme": {
			`publishable_key ` + testKey + "\n" + `authorized_parties app.example.com`,
			`authorized_parties: expected an origin such as https://app.example.com, got "app.example.com"`,
		},
		"authorized party with a wildcard": {
			`publishable_key ` + testKey + "\n" + `authorized_parties https://*.example.com`,
			`authorized_parties: expected an origin such as https://app.example.com, got "https://*.example.com"`,
		},
		"authorized party with the default port": {
			`publishable_key ` + testKey + "\n" + `authorized_parties https://app.example.com:443`,
			`authorized_parties: expected an origin such as https://app.example.com, without the default port, got "https://app.example.com:443": write https://app.example.com`,
		},
		"authorized party in capitals": {
			`publishable_key ` + testKey + "\n" + `authorized_parties https://App.example.com`,
			`authorized_parties: expected an origin such as https://app.example.com, in lower case, got "https://App.example.com": write https://app.example.com`,
		},
		"too much clock skew": {
			`publishable_key ` + testKey + "\n" + `clock_skew 1h`,
			`clock_skew: expected 0s to 5m0s, got 1h0m0s`,
		},
		"keys thrown away at once": {
			`publishable_key ` + testKey + "\n" + `keys_max_stale 1s`,
			`keys_max_stale: expected a minute or more, got 1s`,
		},
		"sign-in page on another scheme": {
			`publishable_key ` + testKey + "\n" + `sign_in_url javascript:alert(1)`,
			`sign_in_url: expected a URL such as https://example.com/sign-in or a path such as /sign-in, got "javascript:alert(1)"`,
		},
		"sign-in page that is another host": {
			`publishable_key ` + testKey + "\n" + `sign_in_url //evil.example`,
			`sign_in_url: expected a path with one slash at its beginning, got "//evil.example"`,
		},
		"proxy with user information": {
			`publishable_key ` + testKey + "\n" + `proxy_url https://a@example.com/`,
			`proxy_url: expected a URL without user information`,
		},
		"proxy in clear": {
			`publishable_key ` + testKey + "\n" + `proxy_url http://app.example.com/__clerk`,
			`proxy_url: expected https (http is for loopback only), got "http://app.example.com/__clerk"`,
		},
		"origin with a port that no browser writes": {
			`publishable_key ` + testKey + "\n" + `authorized_parties https://app.example.com:0443`,
			`authorized_parties: expected an origin such as https://app.example.com, got "https://app.example.com:0443"`,
		},
		"origins from a variable of separators": {
			`publishable_key ` + testKey + "\n" + `authorized_parties {env.SEPARATORS}`,
			`authorized_parties: what it refers to is blank; set it, or leave the setting out`,
		},
		"secret key from a variable of spaces": {
			`publishable_key ` + testKey + "\n" + `secret_key {env.SPACES}`,
			`secret_key: what it refers to is blank; set it, or leave the setting out`,
		},
		"issuer with a slash at its end": {
			`publishable_key ` + testKey + "\n" + `issuer https://clerk.example.com/`,
			`issuer: expected a URL such as https://clerk.example.com, without a slash at its end, got "https://clerk.example.com/"`,
		},
		"keys thrown away before they are used": {
			`publishable_key ` + testKey + "\n" + `keys_max_stale 0s`,
			`keys_max_stale: expected a minute or more, got 0s`,
		},
		"no such answer": {
			`publishable_key ` + testKey + "\n" + `signed_out 200`,
			`signed_out: expected redirect or a status from 400 to 499, got "200"`,
		},
		"optional with an answer": {
			`publishable_key ` + testKey + "\n" + "optional\n" + `signed_out 401`,
			`signed_out: it has no effect beside optional, which lets everybody pass; leave one of them out`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := provision(t, test.settings)
			if err == nil || !strings.HasSuffix(err.Error(), ": "+test.want) {
				t.Errorf("expected %q, got %v", test.want, err)
			}
		})
	}
}

// TestErrorsKeepSecrets looks for the secret in every error that a secret can
// cause.
func TestErrorsKeepSecrets(t *testing.T) {
	withoutEnvironment(t)
	const secret = "XSECRETX"
	for _, settings := range []string{
		`secret_key sk_live_` + secret,
		`secret_key ` + secret,
		`secret_key "sk_test_` + secret + ` "` + "\n" + `api_url ftp://x`,
		`secret_key "sk_test_` + secret + "\t" + `x"`,
		`jwt_key ` + secret,
	} {
		err := provision(t, "publishable_key "+testKey+"\n"+settings)
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("expected an error that does not show the secret, got %v", err)
		}
	}
}

func TestGoodSettingsProvisionWithoutTheNetwork(t *testing.T) {
	withoutEnvironment(t)
	e := emulate(t, emulator.Options{})
	file := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(file, []byte(e.PublicKeyPEM()), 0o600); err != nil {
		t.Fatal(err)
	}
	oneLine := strings.ReplaceAll(strings.TrimSpace(e.PublicKeyPEM()), "\n", `\n`)
	for name, settings := range map[string]string{
		"publishable key alone": `publishable_key ` + liveKey,
		"both keys":             `publishable_key ` + liveKey + "\n" + `secret_key sk_live_abc`,
		"key in a file":         `publishable_key ` + liveKey + "\n" + `jwt_key ` + file,
		"key on one line":       `publishable_key ` + liveKey + "\n" + `jwt_key "` + oneLine + `"`,
		"no skew":               `publishable_key ` + liveKey + "\n" + `clock_skew 0s`,
		"every setting": `publishable_key ` + liveKey + `
			secret_key sk_live_abc
			jwks_url https://clerk.example.com/.well-known/jwks.json
			keys_max_stale 12h
			api_url https://api.clerk.com
			api_version v1
			authorized_parties https://app.example.com http://localhost:3000 capacitor://localhost
			audience a b
			issuer https://clerk.example.com
			clock_skew 10s
			proxy_url /__clerk
			sign_in_url /sign-in
			sign_up_url https://accounts.example.com/sign-up
			signed_out 404`,
	} {
		t.Run(name, func(t *testing.T) {
			if err := provision(t, settings); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestOneVariableCanHoldSeveralOrigins(t *testing.T) {
	withoutEnvironment(t)
	t.Setenv("ORIGINS", "https://a.example.com,\nhttps://b.example.com\n")
	if err := provision(t, "publishable_key "+testKey+"\nauthorized_parties {env.ORIGINS}"); err != nil {
		t.Error(err)
	}
}

func TestKeysComeFromTheEnvironment(t *testing.T) {
	withoutEnvironment(t)
	t.Setenv("CLERK_PUBLISHABLE_KEY", testKey)
	t.Setenv("CLERK_SECRET_KEY", "sk_live_wrong")
	err := provision(t, "")
	if err == nil || !strings.Contains(err.Error(), "secret_key: it is a production key") {
		t.Errorf("expected the secret key of the environment to be refused, got %v", err)
	}
	if err := provision(t, "publishable_key "+testKey+"\nsecret_key sk_test_right"); err != nil {
		t.Errorf("expected the setting to come before the environment, got %v", err)
	}
}
