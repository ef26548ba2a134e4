// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
)

// releasedPackage is the line of .goreleaser.yaml that names what is built.
var releasedPackage = regexp.MustCompile(`(?m)^ +- main: (\S+)$`)

// ownModules gives the IDs of what this package registers, and not of what
// tests import beside it.
func ownModules(t *testing.T) []string {
	t.Helper()
	var own []string
	for _, id := range caddy.Modules() {
		info, err := caddy.GetModule(id)
		if err != nil {
			t.Fatal(err)
		}
		if reflect.Indirect(reflect.ValueOf(info.New())).Type().PkgPath() == "github.com/caddy-clerk/caddy-clerk" {
			own = append(own, id)
		}
	}
	return own
}

// TestReleasesHaveTheModulesAndNoEmulator asks the binary itself: what a package
// imports is not yet what it registers.
func TestReleasesHaveTheModulesAndNoEmulator(t *testing.T) {
	if testing.Short() {
		t.Skip("links a whole Caddy")
	}
	built := releasedPackage.FindStringSubmatch(read(t, ".goreleaser.yaml"))
	if built == nil {
		t.Fatal("expected .goreleaser.yaml to name a main package")
	}
	binary := filepath.Join(t.TempDir(), "caddy")
	if output, err := exec.Command("go", "build", "-o", binary, built[1]).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	run := func(arguments ...string) string {
		output, err := exec.Command(binary, arguments...).Output()
		if err != nil {
			t.Fatalf("%q: %v", arguments, err)
		}
		return string(output)
	}

	var listed []struct {
		ID   string `json:"module_name"`
		Kind string `json:"module_type"`
	}
	if err := json.Unmarshal([]byte(run("list-modules", "--json")), &listed); err != nil {
		t.Fatal(err)
	}
	var own []string
	for _, module := range listed {
		if module.Kind != "standard" {
			own = append(own, module.ID)
		}
	}
	if want := ownModules(t); !slices.Equal(own, want) || !slices.Contains(want, "http.handlers.clerk_auth") {
		t.Errorf("expected Caddy's modules and %q, got %q", want, own)
	}
	if len(listed) < len(own)+100 {
		t.Errorf("expected Caddy's standard modules, got %d of all", len(listed))
	}
	if _, _, want := goMod(t); !strings.HasPrefix(run("version"), want+" ") {
		t.Errorf("expected the version of Caddy, %s, got %s", want, run("version"))
	}
	if got := run("build-info"); !strings.Contains(got, "mod\tgithub.com/caddy-clerk/caddy-clerk\t") {
		t.Errorf("expected the version of this module, got %s", got)
	}
}
