// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-clerk/caddy-clerk/emulator"
)

// logRecipe gives the filter of docs/operations/logs.md.
func logRecipe(t *testing.T) string {
	t.Helper()
	page := read(t, filepath.Join("docs", "operations", "logs.md"))
	_, recipe, _ := strings.Cut(page, "(clerk_log) {\n")
	recipe, _, ok := strings.Cut(recipe, "\n}\n")
	if !ok {
		t.Fatal("expected the page to have the recipe")
	}
	return recipe
}

func TestTheRecipeKeepsHandshakesOutOfLogs(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	file := filepath.Join(t.TempDir(), "access")
	s := serve(t, "", `
	log {
		output file `+file+`
		`+logRecipe(t)+`
	}
	clerk_auth {
		`+c.settings()+`
	}
	respond in`)
	for _, name := range []string{"__clerk_handshake", "__clerk_handshake_nonce", "__clerk_db_jwt"} {
		s.get("/a?b=kept&"+name+"=planted", append([]string{"Referer", "https://app.example.com/?" + name + "=planted"}, document...)...)
		s.get("/a?b=kept&"+name+"=planted&"+name+"=planted", "Accept", "*/*")
	}
	if err := caddy.Stop(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	log := string(data)
	if strings.Count(log, "handled request") != 6 || strings.Count(log, "kept") < 6 || strings.Count(log, "REDACTED") < 9 {
		t.Errorf("expected six lines that are otherwise whole, got %s", log)
	}
	if strings.Contains(log, "planted") {
		t.Errorf("expected nothing of a handshake, got %s", log)
	}
}

func TestThePagesCaddyfileForLogsAdapts(t *testing.T) {
	page := read(t, filepath.Join("docs", "operations", "logs.md"))
	var whole []string
	for i, part := range strings.Split(page, "```") {
		if text, ok := strings.CutPrefix(part, "caddyfile\n"); ok && i%2 == 1 {
			whole = append(whole, text)
		}
	}
	if config := string(adapt(t, strings.Join(whole, "\n"))); strings.Count(config, `"filter":"query"`) != 6 {
		t.Errorf("expected two logs with the filter, got %s", config)
	}
}

func TestDebugExplainsDecisionsWithoutSecrets(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	s := serve(t, "", `
	clerk_auth {
		`+c.settings()+`
		require role org:owner
	}
	respond in`)
	bearer := c.bearer(t, "bob", "")
	s.get("/members?__clerk_db_jwt=planted", bearer...).expect(t, http.StatusForbidden)
	s.get("/page", append([]string{"Cookie", "__session=planted; __client_uat=1; __clerk_db_jwt=planted"}, document...)...)
	log := s.log()
	for _, want := range []string{
		`"msg":"judged by the Authorization header"`, `"path":"/members","status":"signed-in","reason":"missing-role","token_type":"session_token"`,
		`requires role org:owner`, `"msg":"judged by cookies"`, `"cookies":["__session","__client_uat","__clerk_db_jwt"],"session_cookie":"__session"`,
	} {
		if !strings.Contains(log, want) {
			t.Errorf("expected %s in the log", want)
		}
	}
	for line := range strings.Lines(log) {
		ours := strings.Contains(line, `"msg":"judged`) || strings.Contains(line, `"msg":"decided`)
		if ours && (strings.Contains(line, "planted") || strings.Contains(line, strings.TrimPrefix(bearer[1], "Bearer "))) {
			t.Errorf("expected no secret, got %s", line)
		}
	}
}
