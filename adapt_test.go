// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/modules/standard"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata/adapt")

// separator stands between a Caddyfile and what becomes of it.
const separator = "\n----------\n"

// TestCaddyfilesAdaptAsRecorded holds each form of the grammar, right and
// wrong, against the JSON or the error that was reviewed.
func TestCaddyfilesAdaptAsRecorded(t *testing.T) {
	files, err := filepath.Glob("testdata/adapt/*.caddyfiletest")
	if err != nil || len(files) == 0 {
		t.Fatalf("expected golden files, got %d (%v)", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".caddyfiletest"), func(t *testing.T) {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			input, want, _ := strings.Cut(string(content), separator)
			got := adapted(input + "\n")
			if *update {
				if err := os.WriteFile(file, []byte(input+separator+got+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != strings.TrimSpace(want) {
				t.Errorf("expected\n%s\ngot\n%s", want, got)
			}
		})
	}
}

// adapted gives the JSON that a Caddyfile adapts to, or its error.
func adapted(input string) string {
	output, warnings, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(input), nil)
	if err != nil {
		return err.Error()
	}
	for _, warning := range warnings {
		return "warning: " + warning.Message
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, output, "", "\t"); err != nil {
		return err.Error()
	}
	return indented.String()
}
