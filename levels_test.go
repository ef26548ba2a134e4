// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"encoding/base64"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/caddy-clerk/caddy-clerk/emulator"
)

// publishableKey gives the key of a production instance.
func publishableKey(name string) string {
	return "pk_live_" + base64.StdEncoding.EncodeToString([]byte("clerk."+name+".example.com$"))
}

// appWith gives an app that has been told no more than its settings.
func appWith(s Settings, instances map[string]Settings) *App {
	return &App{Settings: s, Instances: instances, log: slog.New(slog.DiscardHandler), mu: new(sync.Mutex)}
}

// setEnvironment has Clerk's variables be those of the settings, and no others.
func setEnvironment(t *testing.T, s Settings) {
	t.Helper()
	for name, value := range map[string]string{
		"CLERK_PUBLISHABLE_KEY": s.PublishableKey, "CLERK_SECRET_KEY": s.SecretKey,
		"CLERK_MACHINE_SECRET_KEY": s.MachineSecretKey, "CLERK_JWT_KEY": s.JWTKey, "CLERK_API_URL": s.APIURL,
	} {
		t.Setenv(name, value)
		if value == "" {
			if err := os.Unsetenv(name); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// pemFile gives a file with a public key of its own.
func pemFile(t *testing.T) string {
	t.Helper()
	e, err := emulator.New(emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(file, []byte(e.PublicKeyPEM()), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestKeysOfTwoInstancesNeverMix says which keys a gate has, wherever else there
// are any.
func TestKeysOfTwoInstancesNeverMix(t *testing.T) {
	var (
		pemA, pemB   = pemFile(t), pemFile(t)
		keyA, keyB   = publishableKey("a"), publishableKey("b")
		keysA        = Settings{PublishableKey: keyA, SecretKey: "sk_live_a"}
		keysB        = Settings{PublishableKey: keyB, SecretKey: "sk_live_b"}
		allA         = Settings{PublishableKey: keyA, SecretKey: "sk_live_a", MachineSecretKey: "ak_a", JWTKey: pemA}
		extrasA      = Settings{MachineSecretKey: "ak_a", JWTKey: pemA}
		jwksA        = Settings{PublishableKey: keyA, SecretKey: "sk_live_a", JWKSURL: "https://a.example.com/jwks"}
		placeholderA = Settings{PublishableKey: "{env.KEY_A}", SecretKey: "{env.SECRET_A}"}
		none         = Settings{}
	)
	t.Setenv("KEY_A", keyA+"\n")
	t.Setenv("SECRET_A", "sk_live_a")
	type levels struct{ own, named, app, environment Settings }
	for name, test := range map[string]struct {
		levels
		want Settings
	}{
		"the environment alone":                           {levels{none, none, none, allA}, allA},
		"both keys before those of another":               {levels{keysB, none, none, allA}, keysB},
		"both keys of an instance before another's":       {levels{none, keysB, none, allA}, keysB},
		"both keys of an instance before the app's":       {levels{none, keysB, allA, none}, keysB},
		"the app's before the environment's":              {levels{none, none, keysB, allA}, keysB},
		"a publishable key alone before another":          {levels{Settings{PublishableKey: keyB}, none, none, allA}, Settings{PublishableKey: keyB}},
		"an instance's publishable key alone":             {levels{none, Settings{PublishableKey: keyB}, keysA, extrasA}, Settings{PublishableKey: keyB}},
		"a key set of another's":                          {levels{keysB, none, jwksA, none}, keysB},
		"the same publishable key":                        {levels{Settings{PublishableKey: keyA}, none, none, allA}, allA},
		"the same keys, as placeholders":                  {levels{placeholderA, none, none, allA}, allA},
		"the same keys behind placeholders":               {levels{keysA, none, placeholderA, extrasA}, allA},
		"another secret key of the same instance":         {levels{Settings{PublishableKey: keyA, SecretKey: "sk_live_2"}, none, none, allA}, Settings{PublishableKey: keyA, SecretKey: "sk_live_2", MachineSecretKey: "ak_a", JWTKey: pemA}},
		"a machine of its own":                            {levels{Settings{MachineSecretKey: "ak_2"}, none, none, allA}, Settings{PublishableKey: keyA, SecretKey: "sk_live_a", MachineSecretKey: "ak_2", JWTKey: pemA}},
		"a public key of its own":                         {levels{Settings{JWTKey: pemB}, none, none, keysA}, Settings{PublishableKey: keyA, SecretKey: "sk_live_a", JWTKey: pemB}},
		"a key set before a public key":                   {levels{Settings{JWKSURL: "https://a.example.com/jwks"}, none, none, allA}, Settings{PublishableKey: keyA, SecretKey: "sk_live_a", MachineSecretKey: "ak_a", JWKSURL: "https://a.example.com/jwks"}},
		"the publishable key here, the secret key there":  {levels{Settings{PublishableKey: keyA}, none, none, Settings{SecretKey: "sk_live_a"}}, keysA},
		"the secret key here, the publishable key there":  {levels{Settings{SecretKey: "sk_live_a"}, none, Settings{PublishableKey: keyA}, none}, keysA},
		"keys in three places":                            {levels{none, Settings{PublishableKey: keyA}, Settings{SecretKey: "sk_live_a"}, extrasA}, allA},
		"a secret key of nobody's beside another":         {levels{keysB, none, none, Settings{SecretKey: "sk_live_a", MachineSecretKey: "ak_a", JWTKey: pemA}}, keysB},
		"the environment completes the app, not the gate": {levels{Settings{PublishableKey: keyB}, none, Settings{PublishableKey: keyA}, Settings{SecretKey: "sk_live_a", JWTKey: pemA}}, Settings{PublishableKey: keyB}},
		"the app's name none, and the environment's do":   {levels{keysB, none, Settings{MachineSecretKey: "ak_a"}, keysA}, keysB},
		"a secret key of another instance for programs": {
			levels{Settings{SecretKey: "sk_live_b", AcceptsToken: []string{"api_key"}}, none, none, allA},
			Settings{SecretKey: "sk_live_b"},
		},
		"an instance for programs": {
			levels{none, Settings{SecretKey: "sk_live_b", AcceptsToken: []string{"api_key"}}, allA, none},
			Settings{SecretKey: "sk_live_b"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			setEnvironment(t, test.environment)
			app, chosen := appWith(test.app, nil), ""
			if !test.named.isEmpty() {
				app.Instances, chosen = map[string]Settings{"named": test.named}, "named"
			}
			r, err := app.complete(test.own, chosen)
			if err != nil {
				t.Fatal(err)
			}
			got := Settings{
				PublishableKey: r.PublishableKey, SecretKey: r.SecretKey, MachineSecretKey: r.MachineSecretKey,
				JWTKey: r.JWTKey, JWKSURL: r.JWKSURL,
			}
			if got.keys() != test.want.keys() {
				t.Errorf("expected %q, got %q", test.want.keys(), got.keys())
			}
		})
	}
}

// keys gives the five as they are written.
func (s Settings) keys() [5]string {
	return [5]string{s.PublishableKey, s.SecretKey, s.MachineSecretKey, s.JWTKey, s.JWKSURL}
}

// TestWhatIsNoKeyIsInheritedWhateverTheInstance looks at the other settings.
func TestWhatIsNoKeyIsInheritedWhateverTheInstance(t *testing.T) {
	setEnvironment(t, Settings{PublishableKey: publishableKey("a"), APIURL: "https://api.example.com"})
	app := appWith(Settings{Audience: []string{"app"}, SignInURL: "/in"}, map[string]Settings{
		"b": {PublishableKey: publishableKey("b"), SignInURL: "/b/in", SignUpURL: "/b/up"},
	})
	r, err := app.complete(Settings{SignUpURL: "/up"}, "b")
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join([]string{r.PublishableKey, r.APIURL, r.Audience[0], r.SignInURL, r.SignUpURL}, " ")
	if want := publishableKey("b") + " https://api.example.com app /b/in /up"; got != want {
		t.Errorf("expected %q, got %q", want, got)
	}
}

// TestMixturesOfKeysAreRefused holds what is said of several gates, of which
// each is given with the instance that it names, or none.
func TestMixturesOfKeysAreRefused(t *testing.T) {
	type gate struct {
		own  Settings
		name string
	}
	var (
		pem          = pemFile(t)
		keyA, keyB   = publishableKey("a"), publishableKey("b")
		a            = Settings{PublishableKey: keyA}
		b            = Settings{PublishableKey: keyB}
		bothA, bothB = Settings{PublishableKey: keyA, SecretKey: "sk_live_a"}, Settings{PublishableKey: keyB, SecretKey: "sk_live_b"}
		programs     = Settings{SecretKey: "sk_live_c", AcceptsToken: []string{"m2m_token"}}
		common       = ": two Clerk instances would have it in common; it belongs to one, so write it (or set its environment variable) beside that one's publishable_key"
		unset        = "publishable_key: not set; copy it from the Clerk Dashboard (API keys) into this setting, the global option clerk, or the environment variable CLERK_PUBLISHABLE_KEY"
	)
	for name, test := range map[string]struct {
		environment, app Settings
		gates            []gate
		want             string
	}{
		"one gate takes the environment's secret key": {Settings{SecretKey: "sk_live_a"}, Settings{}, []gate{{a, ""}, {a, "a"}}, ""},
		"two instances take it":                       {Settings{SecretKey: "sk_live_a"}, Settings{}, []gate{{a, ""}, {b, ""}}, "secret_key" + common},
		"two named instances take it":                 {Settings{SecretKey: "sk_live_a"}, Settings{}, []gate{{Settings{}, "a"}, {Settings{}, "b"}}, "secret_key" + common},
		"two instances take a machine's":              {Settings{MachineSecretKey: "ak_a"}, Settings{}, []gate{{bothA, ""}, {bothB, ""}}, "machine_secret_key" + common},
		"people and programs take a machine's":        {Settings{MachineSecretKey: "ak_a"}, Settings{}, []gate{{bothA, ""}, {programs, ""}}, "machine_secret_key" + common},
		"two instances take a public key":             {Settings{JWTKey: pem}, Settings{}, []gate{{bothA, ""}, {bothB, ""}}, "jwt_key" + common},
		"two instances take a key set":                {Settings{}, Settings{JWKSURL: "https://keys.example.com/jwks"}, []gate{{bothA, ""}, {bothB, ""}}, "jwks_url" + common},
		"a key is written for both":                   {Settings{}, Settings{}, []gate{{bothA, ""}, {Settings{PublishableKey: keyB, SecretKey: "sk_live_a"}, ""}}, ""},
		"each has its own":                            {Settings{}, Settings{}, []gate{{bothA, ""}, {bothB, ""}, {bothA, "a"}, {bothB, "b"}, {programs, ""}}, ""},
		"a gate names one instance and has the keys of another": {Settings{}, Settings{}, []gate{{bothB, "a"}},
			"instance: a has other keys than those that are set beside it; leave them out, or leave instance out"},
		"a gate names an instance that there is not": {Settings{}, Settings{}, []gate{{Settings{}, "c"}},
			`instance: expected a or b, as in the global option clerk, got "c"`},
		"a gate names none, and there is no default": {Settings{}, Settings{}, []gate{{Settings{}, ""}},
			unset + "; or choose one that has a name there with instance: a or b"},
		"another secret key without its publishable key": {bothA, Settings{}, []gate{{Settings{SecretKey: "sk_live_b"}, ""}},
			unset + "; the one that would be inherited stands beside another secret_key, so write it beside this one, too"},
	} {
		t.Run(name, func(t *testing.T) {
			setEnvironment(t, test.environment)
			app := appWith(test.app, map[string]Settings{"a": a, "b": b})
			got := ""
			for _, gate := range test.gates {
				if _, err := app.complete(gate.own, gate.name); err != nil {
					got = err.Error()
				}
			}
			if got != test.want {
				t.Errorf("expected %q, got %q", test.want, got)
			}
		})
	}
}
