// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"encoding/json"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
)

// build is xcaddy.json in both of its readings: how xcaddy's Builder is
// configured, and what the plugin says of itself.
type build struct {
	Name        string   `json:"name"`
	Version     string   `json:"version"`
	Description string   `json:"description"`
	License     string   `json:"license"`
	Keywords    []string `json:"keywords"`
	Caddy       struct {
		ModuleID  string `json:"module_id"`
		GoModule  string `json:"go_module"`
		Directive string `json:"directive"`
	} `json:"caddy"`
	Compatibility struct {
		Caddy string `json:"caddy"`
		Go    string `json:"go"`
	} `json:"compatibility"`

	CaddyVersion string `json:"caddy_version"`
	Plugins      []struct {
		ModulePath string `json:"module_path"`
		Version    string `json:"version"`
	} `json:"plugins"`
	Replacements []struct {
		Old string `json:"old"`
		New string `json:"new"`
	} `json:"replacements"`
	TimeoutGet   time.Duration `json:"timeout_get"`
	TimeoutBuild time.Duration `json:"timeout_build"`
	BuildFlags   string        `json:"build_flags"`
}

func TestXcaddyDescriptionAgreesWithTheCode(t *testing.T) {
	var b build
	decoder := json.NewDecoder(strings.NewReader(read(t, "xcaddy.json")))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&b); err != nil {
		t.Fatal(err)
	}
	module, goVersion, caddyVersion := goMod(t)
	for name, pair := range map[string][2]string{
		"caddy.go_module":        {b.Caddy.GoModule, module},
		"plugins[0].module_path": {b.Plugins[0].ModulePath, module},
		"caddy_version":          {b.CaddyVersion, caddyVersion},
		"compatibility.caddy":    {b.Compatibility.Caddy, caddyVersion},
		"compatibility.go":       {b.Compatibility.Go + ".0", goVersion},
		"license":                {b.License, "Apache-2.0"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: expected %q, got %q", name, pair[1], pair[0])
		}
	}
	if _, err := caddy.GetModule(b.Caddy.ModuleID); err != nil {
		t.Errorf("expected %s to be registered: %v", b.Caddy.ModuleID, err)
	}
	if got := adapted(":80 {\n\t" + b.Caddy.Directive + "\n}\n"); !strings.Contains(got, `"handler": "clerk_auth"`) {
		t.Errorf("expected the directive %s to be known, got %s", b.Caddy.Directive, got)
	}
	if len(b.Replacements) > 0 || b.BuildFlags != "" {
		t.Error("expected a build that needs neither replacements nor flags")
	}
}

// goMod gives the module's path, its Go version and its Caddy version.
func goMod(t *testing.T) (module, goVersion, caddyVersion string) {
	t.Helper()
	for line := range strings.Lines(read(t, "go.mod")) {
		fields := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		switch {
		case len(fields) < 2:
		case fields[0] == "module":
			module = fields[1]
		case fields[0] == "go":
			goVersion = fields[1]
		case fields[0] == "github.com/caddyserver/caddy/v2":
			caddyVersion = fields[1]
		case fields[0] == "replace", fields[0] == "toolchain":
			t.Errorf("expected no %s directive in go.mod, which would break builds with xcaddy", fields[0])
		}
	}
	return module, goVersion, caddyVersion
}

// TestTheModuleDoesNotImportTheEmulator keeps the stand-in out of releases,
// and Caddy out of the packages that are to be of use without it.
func TestTheModuleDoesNotImportTheEmulator(t *testing.T) {
	const base = "github.com/caddy-clerk/caddy-clerk"
	forbidden := map[string][]string{
		base:                  {base + "/emulator"},
		base + "/verifier":    {base + "/authstate", base + "/backendapi", base + "/emulator", "github.com/caddyserver/"},
		base + "/backendapi":  {base + "/authstate", base + "/verifier", base + "/emulator", "github.com/caddyserver/"},
		base + "/authstate":   {base + "/backendapi", base + "/emulator", "github.com/caddyserver/"},
		base + "/access":      {base + "/authstate", base + "/backendapi", base + "/guard", base + "/emulator", "github.com/caddyserver/"},
		base + "/guard":       {base, "github.com/caddyserver/"},
		base + "/headerfield": {base, "github.com/caddyserver/"},
		base + "/frontendapi": {base, "github.com/caddyserver/"},
		base + "/emulator":    {base + "/authstate", base + "/backendapi", base + "/verifier"},

		base + "/cmd/caddy-clerk": {base + "/emulator"},
	}
	list := []string{"list", "-f", `{{.ImportPath}} {{join .Deps " "}}`}
	output, err := exec.Command("go", append(list, slices.Sorted(maps.Keys(forbidden))...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(output)) {
		pkg, dependencies, _ := strings.Cut(strings.TrimSpace(line), " ")
		for dependency := range strings.SplitSeq(dependencies, " ") {
			for _, prefix := range forbidden[pkg] {
				if strings.HasPrefix(dependency, prefix) {
					t.Errorf("expected %s not to depend on %s", pkg, dependency)
				}
			}
		}
	}
}

// TestFuzzTargetsDoNotBuildCaddy keeps fuzzing within seconds: it instruments
// all that the tests of a package import, which takes minutes for Caddy.
func TestFuzzTargetsDoNotBuildCaddy(t *testing.T) {
	output, err := exec.Command("go", "list", "-test", "-f", `{{.ImportPath}}{{"\t"}}{{.Dir}}{{"\t"}}{{join .Deps " "}}`, "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(output)) {
		fields := strings.Split(line, "\t")
		if !strings.HasSuffix(fields[0], ".test") || !strings.Contains(fields[2], "github.com/caddyserver/") {
			continue
		}
		files, err := filepath.Glob(filepath.Join(fields[1], "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.Contains(read(t, file), "\nfunc Fuzz") {
				t.Errorf("expected no fuzz target beside tests that import Caddy, got one in %s", file)
			}
		}
	}
}
