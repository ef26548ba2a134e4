// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/caddy-clerk/caddy-clerk/emulator"
)

const oneGate = `app.example.com {
	clerk_auth {
		authorized_parties https://app.example.com
	}
}
`

// tampered changes whose a token is, and leaves its signature.
func tampered(t *testing.T, token string, e *emulator.Emulator) string {
	t.Helper()
	forged, err := e.Token("carol", "https://app.example.com")
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(token, ".")
	return head + "." + strings.Split(forged, ".")[1] + token[strings.LastIndexByte(token, '.'):]
}

func TestVerifyExplainsTokens(t *testing.T) {
	w, own, other := newWorld(t)
	good := tokenOf(t, own)
	for name, test := range map[string]struct {
		token  string
		status int
	}{
		"good":     {good, 0},
		"expired":  {tokenOf(t, own, emulator.IssuedAt(noon.Add(-252*time.Second))), 1},
		"foreign":  {tokenOf(t, other), 1},
		"tampered": {tampered(t, good, own), 1},
		"machine":  {machineJWT(t, own), 1},
		"cut":      {good[:100], 1},
		"apikey":   {"ak_0123456789abcdef", 1},
	} {
		t.Run(name, func(t *testing.T) {
			prepare(t, oneGate, own)
			out, errs, status := w.terminal().Run("verify", test.token)
			if status != test.status || errs != "" {
				t.Errorf("expected status %d, got %d: %s", test.status, status, errs)
			}
			if found := secretsIn(out, test.token, good); found != nil {
				t.Errorf("expected no secrets, got %q in %s", found, out)
			}
			expectGolden(t, "verify-"+name, withNames(out, own, other))
		})
	}
}

func machineJWT(t *testing.T, e *emulator.Emulator) string {
	t.Helper()
	token, err := e.Sign(map[string]any{"cat": "cl_B7d4PD333AAA"}, map[string]any{
		"sub": "mch_1", "iss": e.Issuer(), "iat": noon.Unix(), "nbf": noon.Unix(), "exp": noon.Unix() + 60, "scopes": "mch_2",
	})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// expectGolden holds a text against what was reviewed.
func expectGolden(t *testing.T, name, got string) {
	t.Helper()
	file := goldenFile(name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("expected\n%s\ngot\n%s", want, got)
	}
}

// verdict asks for JSON and gives what a program would read of it.
func verdict(t *testing.T, out string) (accepted bool, reasons []string) {
	t.Helper()
	var report struct {
		Accepted bool `json:"accepted"`
		Gates    []struct {
			Gate   string `json:"gate"`
			Reason string `json:"reason"`
		} `json:"gates"`
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, gate := range report.Gates {
		reasons = append(reasons, gate.Reason)
	}
	return report.Accepted, reasons
}

func TestVerifyTakesTheRulesOfTheGates(t *testing.T) {
	w, own, _ := newWorld(t)
	const gates = `app.example.com {
	clerk_auth {
		authorized_parties https://app.example.com
	}
	clerk_auth /admin* {
		authorized_parties https://app.example.com
		require role org:admin
	}
	clerk_auth /strict* {
		authorized_parties https://app.example.com
		require permission org:nothing:read
	}
}
other.example.com {
	clerk_auth {
		authorized_parties https://other.example.com
	}
}
machines.example.com {
	clerk_auth {
		accepts_token m2m_token oauth_token
	}
}
proxied.example.com {
	clerk_auth {
		proxy_url /__clerk
		authorized_parties https://app.example.com
		accepts_token any
	}
}
same.example.com {
	clerk_auth {
		authorized_parties https://app.example.com
	}
}
`
	// The adapter puts the longer hosts first and the longer paths. Gates that
	// judge alike are told of together, so there are six.
	const azp, class = "token-invalid-authorized-parties", "token-type-mismatch"
	for name, test := range map[string]struct {
		token   string
		gate    string
		reasons []string
	}{
		"all":            {tokenOf(t, own), "", []string{class, "", azp, "", "missing-permission", ""}},
		"one of them":    {tokenOf(t, own), "other.example.com", []string{azp}},
		"by its number":  {tokenOf(t, own), "1", []string{class}},
		"by its path":    {tokenOf(t, own), "/admin", []string{""}},
		"a proxy's":      {tokenOf(t, own, emulator.WithClaims(map[string]any{"iss": "https://proxied.example.com/__clerk"})), "proxied", []string{""}},
		"pending":        {tokenOf(t, own, emulator.WithClaims(map[string]any{"sts": "pending"})), "/admin", []string{"session-pending"}},
		"not a member":   {tokenOf(t, own, emulator.WithClaims(map[string]any{"o": nil})), "/admin", []string{"missing-role"}},
		"a machine's":    {machineJWT(t, own), "machines", []string{""}},
		"a machine's, 2": {machineJWT(t, own), "other", []string{class}},
		"a machine's, 3": {machineJWT(t, own), "proxied", []string{""}},
	} {
		t.Run(name, func(t *testing.T) {
			prepare(t, gates, own)
			args := []string{"verify", "--json", test.token}
			if test.gate != "" {
				args = append(args, "--gate", test.gate)
			}
			out, errs, status := w.terminal().Run(args...)
			accepted, reasons := verdict(t, out)
			if strings.Join(reasons, ",") != strings.Join(test.reasons, ",") || errs != "" {
				t.Errorf("expected %q, got %q: %s", test.reasons, reasons, errs)
			}
			if accepted != (status == 0) || accepted != (strings.Join(test.reasons, "") == "") {
				t.Errorf("got the status %d for accepted: %t", status, accepted)
			}
			if found := secretsIn(out, test.token); found != nil {
				t.Errorf("expected no secrets, got %q", found)
			}
		})
	}
}

func TestVerifyTakesKeysAlone(t *testing.T) {
	w, own, other := newWorld(t)
	prepare(t, "", nil)
	write(t, "key.pem", own.PublicKeyPEM())
	set := "https://clerk.example.com/.well-known/jwks.json"
	for name, test := range map[string]struct {
		token  string
		args   []string
		reason string
	}{
		"a key":           {tokenOf(t, own), []string{"--jwt-key", own.PublicKeyPEM()}, ""},
		"a file":          {tokenOf(t, own), []string{"--jwt-key", "key.pem"}, ""},
		"a set":           {tokenOf(t, own), []string{"--jwks-url", set}, ""},
		"a machine's":     {machineJWT(t, own), []string{"--jwks-url", set}, ""},
		"foreign":         {tokenOf(t, other), []string{"--jwks-url", set}, "jwk-kid-mismatch"},
		"foreign, by PEM": {tokenOf(t, other), []string{"--jwt-key", "key.pem"}, "token-invalid-signature"},
		"no such host":    {tokenOf(t, own), []string{"--jwks-url", "https://nowhere.example/jwks"}, "jwk-remote-failed-to-load"},
	} {
		t.Run(name, func(t *testing.T) {
			out, errs, status := w.terminal().Run(append(test.args, "verify", "--json", test.token)...)
			if errs != "" {
				t.Fatalf("got %s (%d)", errs, status)
			}
			if _, reasons := verdict(t, out); strings.Join(reasons, "") != test.reason {
				t.Errorf("expected %q, got %s", test.reason, out)
			}
		})
	}
}

func TestVerifyReadsTokensAsPeopleHaveThem(t *testing.T) {
	w, own, _ := newWorld(t)
	prepare(t, oneGate, own)
	token := tokenOf(t, own)
	for _, text := range []string{token, token + "\r\n", "Bearer " + token, "bearer  " + token, "Authorization:Bearer " + token} {
		terminal := w.terminal()
		terminal.In = text
		if out, errs, status := terminal.Run("verify", "-"); status != 0 {
			t.Errorf("expected the token to be read, got %s%s", out, errs)
		}
	}
	terminal := w.terminal()
	terminal.In = strings.Repeat("a", 1<<22)
	if out, _, status := terminal.Run("verify", "-"); status != 1 || !strings.Contains(out, "this one has 65536") {
		t.Errorf("expected no more to be read than is needed, got %d, %.200s", status, out)
	}
}

// TestVerifyKeepsTheSecretKeyForTheAPI also runs against an emulator on a port,
// as the commands do outside of tests.
func TestVerifyKeepsTheSecretKeyForTheAPI(t *testing.T) {
	w, own, _ := newWorld(t)
	prepare(t, oneGate, own)
	if _, _, status := w.terminal().Run("verify", tokenOf(t, own)); status != 0 || w.seen[ownSecret] != "api.clerk.com " {
		t.Errorf("expected the key to be shown to the API alone, got %q", w.seen)
	}
	c := startClerk(t, emulator.Options{})
	t.Setenv("CLERK_PUBLISHABLE_KEY", c.PublishableKey())
	t.Setenv("CLERK_SECRET_KEY", c.SecretKey())
	t.Setenv("CLERK_API_URL", c.server.URL+"/__clerk")
	terminal := w.terminal()
	terminal.Transport, terminal.Now = nil, time.Now()
	token, err := c.Token("alice", "https://app.example.com")
	if err != nil {
		t.Fatal(err)
	}
	if out, errs, status := terminal.Run("verify", token); status != 0 || c.asked() != 1 {
		t.Errorf("expected one question, got %s%s", out, errs)
	}
}

func TestCommandsSayHowTheyAreCalled(t *testing.T) {
	w, own, _ := newWorld(t)
	prepare(t, oneGate, own)
	write(t, "empty.caddyfile", "localhost {\n\trespond hi\n}\n")
	write(t, "secret.caddyfile", "localhost {\n\tclerk_auth {\n\t\tsecret_kye "+ownSecret+"\n\t}\n}\n")
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"no such command":     {[]string{"vrify"}, `expected verify, doctor or config, got "vrify"`},
		"a token as command":  {[]string{tokenOf(t, own)}, "expected verify, doctor or config"},
		"no such flag":        {[]string{"verify", "--nope"}, "unknown flag: --nope"},
		"no token":            {[]string{"verify"}, "expected one token, or - for standard input, got 0 arguments"},
		"an empty token":      {[]string{"verify", " "}, "expected a token, got nothing"},
		"two tokens":          {[]string{"verify", "a", "b"}, "got 2 arguments"},
		"no such file":        {[]string{"verify", "--config", "nope", "a"}, "nope: no such file"},
		"no gate":             {[]string{"doctor", "--config", "empty.caddyfile"}, "expected a clerk_auth or a clerk_proxy in empty.caddyfile, got neither"},
		"no such gate":        {[]string{"verify", "--gate", "zzz", "a"}, "there are 1: clerk_auth of https://app.example.com"},
		"no such number":      {[]string{"verify", "--gate", "2", "a"}, "expected a number from 1 to 1, got 2"},
		"two sources of keys": {[]string{"verify", "--jwks-url", "https://a.example", "--config", "Caddyfile", "a"}, "expected neither --config nor --gate beside them"},
		"two standard inputs": {[]string{"verify", "--config", "-", "-"}, "--config: expected a file"},
		"an argument, doctor": {[]string{"doctor", "Caddyfile"}, "expected no arguments"},
		"an argument, config": {[]string{"config", "Caddyfile"}, "expected no arguments"},
		"a secret, misplaced": {[]string{"config", "--config", "secret.caddyfile"}, "secret_kye"},
	} {
		t.Run(name, func(t *testing.T) {
			terminal := w.terminal()
			terminal.In = tokenOf(t, own)
			out, errs, status := terminal.Run(test.args...)
			if status != 2 || out != "" || !strings.Contains(errs, test.want) {
				t.Errorf("expected status 2 and %q, got %d, %s%s", test.want, status, out, errs)
			}
			if found := secretsIn(errs, tokenOf(t, own)); found != nil {
				t.Errorf("expected no secrets, got %q", found)
			}
		})
	}
}

func TestCommandsHaveHelp(t *testing.T) {
	w, _, _ := newWorld(t)
	for _, name := range []string{"", "verify", "doctor", "config"} {
		out, errs, status := w.terminal().Run(strings.Fields(name + " --help")...)
		if status != 0 || errs != "" || !strings.Contains(out, "exit\nstatus") && !strings.Contains(out, "exit status") {
			t.Errorf("expected help about %q with the exit status, got %d, %s%s", name, status, out, errs)
		}
		for line := range strings.Lines(out) {
			if len(line) > 160 {
				t.Errorf("expected lines that fit, got %q", line)
			}
		}
	}
}

func TestColorsAreForTerminals(t *testing.T) {
	w, own, _ := newWorld(t)
	prepare(t, oneGate, own)
	for _, colors := range []bool{false, true} {
		terminal := w.terminal()
		terminal.Colors = colors
		out, _, _ := terminal.Run("verify", tokenOf(t, own))
		if strings.Contains(out, "\x1b[") != colors {
			t.Errorf("expected colors: %t, got %q", colors, out)
		}
	}
}

// A configuration whose settings are not right must not keep a token from being
// read, nor let it pass.
func TestVerifyRefusesWhereSettingsAreNotRight(t *testing.T) {
	w, own, _ := newWorld(t)
	prepare(t, oneGate, own)
	t.Setenv("CLERK_SECRET_KEY", "sk_test_0123456789abcdef")
	out, _, status := w.terminal().Run("verify", tokenOf(t, own))
	for _, want := range []string{"user_alice", "refused: the settings of the gate are not right: secret_key: it is a development key", "take both from the same instance"} {
		if status != 1 || !strings.Contains(out, want) {
			t.Errorf("expected status 1 and %q, got %d, %s", want, status, out)
		}
	}
	if strings.Contains(out, "0123456789abcdef") {
		t.Errorf("expected no secret, got %s", out)
	}
}

func goldenFile(name string) string { return repository + "/testdata/commands/" + name + ".txt" }

// repository is where the tests are, for those that work in another directory.
var repository = func() string {
	directory, err := os.Getwd()
	if err != nil {
		panic(err)
	}
	return directory
}()
