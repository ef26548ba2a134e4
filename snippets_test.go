// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"encoding/json"
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
	codeBlock = regexp.MustCompile("(?s)```([a-z]*)\n(.*?)```\n")
	// grammar marks a block that says what can be written, and not what is.
	grammar  = regexp.MustCompile(`<[a-z][a-z ]*>|\[<`)
	siteLine = regexp.MustCompile(`(?m)^(https?://)?[a-z0-9.*-]*(\.(com|org)|:[0-9]+)(, [^\n]*)? \{$`)
	comments = regexp.MustCompile(`^(#[^\n]*\n)+`)
)

// pagesOfTheDocumentation gives the files that have snippets.
func pagesOfTheDocumentation(t *testing.T) []string {
	t.Helper()
	pages := []string{"README.md"}
	for _, pattern := range []string{"docs/*.md", "docs/*/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, found...)
	}
	return pages
}

// block is a piece of code on a page, which spans from one byte to another.
type block struct {
	language, text string
	from, to       int
}

func blocksOf(page string) []block {
	var blocks []block
	for _, at := range codeBlock.FindAllStringSubmatchIndex(page, -1) {
		blocks = append(blocks, block{page[at[2]:at[3]], page[at[4]:at[5]], at[4], at[5]})
	}
	return blocks
}

// snippet is a Caddyfile on a page, with the blocks of JSON right behind it.
type snippet struct {
	caddyfile string
	json      []block
}

// snippetsOf gives the Caddyfiles of a page, each as a whole one, and the blocks
// of JSON that stand behind none.
func snippetsOf(page string) (snippets []snippet, alone []block) {
	imported, end := "", -1
	for _, b := range blocksOf(page) {
		follows := end >= 0 && page[end:b.from] == "```\n\n```json\n"
		end = -1
		switch {
		case b.language == "json" && follows:
			last := &snippets[len(snippets)-1]
			last.json, end = append(last.json, b), b.to
		case b.language == "json":
			alone = append(alone, b)
		case b.language == "caddyfile" && !grammar.MatchString(b.text):
			text := b.text
			if strings.Contains(text, "import ") {
				text = imported + text
			}
			if strings.HasPrefix(text, "(") {
				imported = text
			}
			snippets, end = append(snippets, snippet{caddyfile: inASite(text)}), b.to
		}
	}
	return snippets, alone
}

// inASite gives a whole Caddyfile for what may be a part of one.
func inASite(snippet string) string {
	code := comments.ReplaceAllString(snippet, "")
	if strings.HasPrefix(code, "{\n") || siteLine.MatchString(snippet) || strings.HasPrefix(code, "(") {
		return snippet
	}
	return ":8080 {\n" + snippet + "}\n"
}

// asDocumented has in the environment what the pages take from there, and gives
// what takes the file that they name to one that exists.
func asDocumented(t *testing.T) *strings.Replacer {
	t.Helper()
	withoutEnvironment(t)
	for prefix, frontendAPI := range map[string]string{
		"": "clerk.example.com", "ACME_": "clerk.acme.example.com", "SHOP_": "clerk.shop.example.org",
	} {
		e := emulate(t, emulator.Options{Production: true, FrontendAPI: frontendAPI, SecretKey: "sk_live_" + prefix + "x"})
		t.Setenv(prefix+"CLERK_PUBLISHABLE_KEY", e.PublishableKey())
		t.Setenv(prefix+"CLERK_SECRET_KEY", e.SecretKey())
	}
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("sk_live_from_a_file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("/run/secrets/shop", secret)
}

// TestEveryCaddyfileOfTheDocumentationProvisions takes the Caddyfiles out of
// the pages, puts those that are parts of a site into one, and loads them up to
// where they would start.
func TestEveryCaddyfileOfTheDocumentationProvisions(t *testing.T) {
	here, tried := asDocumented(t), 0
	for _, page := range pagesOfTheDocumentation(t) {
		snippets, _ := snippetsOf(read(t, page))
		for i, s := range snippets {
			tried++
			t.Run(fmt.Sprintf("%s/%d", page, i+1), func(t *testing.T) {
				if err := validate(t, here.Replace(s.caddyfile)); err != nil {
					t.Errorf("%v\n%s", err, s.caddyfile)
				}
			})
		}
	}
	if tried < 20 {
		t.Errorf("expected the Caddyfiles of the documentation, got %d", tried)
	}
}

// TestEveryJSONOfTheDocumentationProvisions has those that stand behind no
// Caddyfile: a configuration, or one handler. Others are answers.
func TestEveryJSONOfTheDocumentationProvisions(t *testing.T) {
	here, tried := asDocumented(t), 0
	for _, page := range pagesOfTheDocumentation(t) {
		_, alone := snippetsOf(read(t, page))
		for i, b := range alone {
			var is struct{ Handler, Apps json.RawMessage }
			if err := json.Unmarshal([]byte(b.text), &is); err != nil {
				t.Errorf("%s: %v\n%s", page, err, b.text)
			}
			config := b.text
			switch {
			case is.Handler != nil:
				config = `{"apps": {"http": {"servers": {"srv0": {"routes": [{"handle": [` + b.text + `]}]}}}}}`
			case is.Apps == nil:
				continue
			}
			tried++
			t.Run(fmt.Sprintf("%s/%d", page, i+1), func(t *testing.T) {
				if err := validateJSON(t, []byte(here.Replace(config))); err != nil {
					t.Errorf("%v\n%s", err, b.text)
				}
			})
		}
	}
	if tried == 0 {
		t.Error("expected some JSON that stands behind no Caddyfile")
	}
}

func validate(t *testing.T, caddyfile string) error {
	t.Helper()
	adapted, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(caddyfile), nil)
	if err != nil {
		return err
	}
	return validateJSON(t, adapted)
}

func validateJSON(t *testing.T, text []byte) error {
	t.Helper()
	config := new(caddy.Config)
	if err := caddy.StrictUnmarshalJSON(text, config); err != nil {
		return err
	}
	config.StorageRaw = caddyconfig.JSON(map[string]string{"module": "file_system", "root": t.TempDir()}, nil)
	return caddy.Validate(config)
}
