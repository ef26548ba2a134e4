// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const root = "../../.."

func TestTheCodeIsWhatFollowsFromTheDescription(t *testing.T) {
	description := os.Getenv("CLERK_BAPI_DESCRIPTION")
	if description == "" {
		t.Skip("CLERK_BAPI_DESCRIPTION is not set: it is the path of Clerk's description of the Backend API")
	}
	files, err := generate(description)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(root, name))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what go generate ./backendapi writes (%v)", name, err)
		}
	}
	written, err := filepath.Glob(filepath.Join(root, "backendapi", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range written {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if name := "backendapi/" + filepath.Base(path); bytes.HasPrefix(text, []byte("// Code generated")) && files[name] == nil {
			t.Errorf("%s is written no longer; delete it", name)
		}
	}
}

func TestADescriptionThatCannotBeReadIsAnError(t *testing.T) {
	for name, text := range map[string]string{
		"no file":        "",
		"no YAML":        "\t:",
		"no operations":  "openapi: 3.0.3\ninfo: {title: a, version: b}\npaths: {}",
		"another page":   "<html>",
		"an unknown one": "openapi: 3.0.3\ninfo: {title: a, version: b}\npaths: {/a: {get: {operationId: Other, responses: {'200': {description: c}}}}}",
	} {
		path := filepath.Join(t.TempDir(), "api.yml")
		if text != "" {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if files, err := generate(path); err == nil {
			t.Errorf("%s: expected an error, got %d files", name, len(files))
		}
	}
}

func TestNamesAreGos(t *testing.T) {
	for name, want := range map[string]string{
		"user_id": "UserID", "url": "URL", "oauth_access_token": "OAuthAccessToken", "redirect_urls": "RedirectURLs", "apiKeyID": "APIKeyID",
		"web3_wallet": "Web3Wallet", "clerk_js_version": "ClerkJSVersion", "OAuthApplication": "OAuthApplication", "statementID": "StatementID",
	} {
		if got := goName(name); got != want {
			t.Errorf("%s: expected %s, got %s", name, want, got)
		}
	}
	for name, want := range map[string]string{"user_id": "userID", "id": "id", "apiKeyID": "apiKeyID", "template_type": "templateType"} {
		if got := goVariable(name); got != want {
			t.Errorf("%s: expected %s, got %s", name, want, got)
		}
	}
	for name, want := range map[string]string{
		"OAuthAccessTokens": "OAuth access tokens", "SCIMDirectory": "SCIM directory", "EmailAddresses": "email addresses", "BackupCodes": "backup codes",
		"Web3Wallet": "Web3 wallet", "RotateAPIKey": "rotate API key", "Item": "item",
	} {
		if got := englishWords(name); got != want {
			t.Errorf("%s: expected %s, got %s", name, want, got)
		}
	}
}

func TestNamesSayNoWordTwice(t *testing.T) {
	for want, names := range map[string][2]string{
		"M2MTokenFormat": {"M2MToken", "TokenFormat"}, "UserRole": {"User", "Role"}, "UserUsername": {"User", "Username"}, "PlanPlan": {"Plan", "Plan"},
	} {
		if got := joinNames(names[0], names[1]); got != want {
			t.Errorf("%v: expected %s, got %s", names, want, got)
		}
	}
}

func TestEveryMethodSaysWhatItDoes(t *testing.T) {
	seen := map[string]bool{}
	for _, row := range readCoverage() {
		if seen[row.call] {
			t.Errorf("%s makes two operations", row.call)
		}
		seen[row.call] = true
		field, name, _ := strings.Cut(row.call, ".")
		for _, r := range resources {
			if r.field != field || byHand[row.id] {
				continue
			}
			if text := (&operation{coverage: row, resource: r, name: name}).sentence(); text == "" || text[0] == ' ' {
				t.Errorf("%s: expected a verb, got %q", row.call, text)
			}
		}
	}
	for call := range sentences {
		if !seen[call] {
			t.Errorf("%s makes no operation", call)
		}
	}
}
