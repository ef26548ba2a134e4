// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"

	"github.com/caddy-clerk/caddy-clerk/emulator"
)

var (
	caddyfileBlock = regexp.MustCompile("(?s)```caddyfile\n(.*?)```\n")
	// grammar marks a block that says what can be written, and not what is.
	grammar  = regexp.MustCompile(`<[a-z][a-z ]*>|\[<`)
	siteLine = regexp.MustCompile(`(?m)^(https?://)?[a-z0-9.*-]*(\.(com|org)|:[0-9]+)(, [^\n]*)? \{$`)
	comments = regexp.MustCompile(`^(#[^\n]*\n)+`)
)

// TestEveryCaddyfileOfTheDocumentationProvisions takes the Caddyfiles out of
// the pages, puts those that are parts of a site into one, and loads them up to
// where they would start.
func TestEveryCaddyfileOfTheDocumentationProvisions(t *testing.T) {
	withoutEnvironment(t)
	for prefix, frontendAPI := range map[string]string{
		"": "clerk.example.com", "ACME_": "clerk.acme.example.com", "SHOP_": "clerk.shop.example.org",
	} {
		e, err := emulator.New(emulator.Options{Production: true, FrontendAPI: frontendAPI, SecretKey: "sk_live_" + prefix + "x"})
		if err != nil {
			t.Fatal(err)
		}
		t.Setenv(prefix+"CLERK_PUBLISHABLE_KEY", e.PublishableKey())
		t.Setenv(prefix+"CLERK_SECRET_KEY", e.SecretKey())
	}
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("sk_live_from_a_file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob("docs/*/*.md")
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, page := range append(append(pages, more...), "README.md") {
		snippet := ""
		for i, block := range caddyfileBlock.FindAllStringSubmatch(read(t, page), -1) {
			if grammar.MatchString(block[1]) {
				continue
			}
			if strings.Contains(block[1], "import ") {
				block[1] = snippet + block[1]
			}
			if strings.HasPrefix(block[1], "(") {
				snippet = block[1]
			}
			tried++
			t.Run(fmt.Sprintf("%s/%d", page, i+1), func(t *testing.T) {
				if err := validate(t, inASite(strings.ReplaceAll(block[1], "/run/secrets/shop", secret))); err != nil {
					t.Errorf("%v\n%s", err, block[1])
				}
			})
		}
	}
	if tried < 20 {
		t.Errorf("expected the Caddyfiles of the documentation, got %d", tried)
	}
}

// inASite gives a whole Caddyfile for what may be a part of one.
func inASite(snippet string) string {
	code := comments.ReplaceAllString(snippet, "")
	if strings.HasPrefix(code, "{\n") || siteLine.MatchString(snippet) || strings.HasPrefix(code, "(") {
		return snippet
	}
	return ":8080 {\n" + snippet + "}\n"
}

func validate(t *testing.T, caddyfile string) error {
	t.Helper()
	adapted, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(caddyfile), nil)
	if err != nil {
		return err
	}
	config := new(caddy.Config)
	if err := caddy.StrictUnmarshalJSON(adapted, config); err != nil {
		return err
	}
	config.StorageRaw = caddyconfig.JSON(map[string]string{"module": "file_system", "root": t.TempDir()}, nil)
	return caddy.Validate(config)
}
