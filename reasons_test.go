// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"go/ast"
	goparser "go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// reasonName is how constants are named that are reasons, and refreshName those
// that are the ends of such.
var (
	reasonName  = regexp.MustCompile(`^[Rr]eason[A-Z]`)
	refreshName = regexp.MustCompile(`^refresh[A-Z]`)
)

// TestAllReasonsAreListed reads the code, so that no reason is forgotten.
func TestAllReasonsAreListed(t *testing.T) {
	got := map[string]bool{}
	for _, dir := range []string{".", "access", "authstate", "authstate/legacy", "verifier"} {
		for name, value := range textConstants(t, dir) {
			switch {
			case reasonName.MatchString(name):
				got[value] = true
			case dir == "authstate" && refreshName.MatchString(name):
				got[refreshReason+value] = true
			}
		}
	}
	for _, reason := range accessReasons(t) {
		got[reason] = true
	}
	if want := slices.Sorted(maps.Keys(reasons)); !slices.Equal(want, slices.Sorted(maps.Keys(got))) {
		for reason := range got {
			if !reasons[reason] {
				t.Errorf("expected the code's reason %q to be listed", reason)
			}
		}
		for _, reason := range want {
			if !got[reason] {
				t.Errorf("expected the listed reason %q to be in the code", reason)
			}
		}
	}
}

// textConstants gives the constants of a package that are written as texts.
func textConstants(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, file := range parseFiles(t, dir) {
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != len(spec.Names) {
				return true
			}
			for i, name := range spec.Names {
				if value, ok := text(spec.Values[i]); ok && name.Obj != nil && name.Obj.Kind == ast.Con {
					found[name.Name] = value
				}
			}
			return true
		})
	}
	if len(found) == 0 {
		t.Fatalf("expected constants in %s", dir)
	}
	return found
}

// accessReasons gives the values of the table of reasons in package access.
func accessReasons(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, file := range parseFiles(t, "access") {
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || spec.Names[0].Name != "reasons" {
				return true
			}
			for _, row := range spec.Values[0].(*ast.CompositeLit).Elts {
				if value, ok := text(row.(*ast.KeyValueExpr).Value); ok {
					found = append(found, value)
				}
			}
			return false
		})
	}
	if len(found) < 5 {
		t.Fatalf("expected a table of reasons, got %v", found)
	}
	return found
}

func text(e ast.Expr) (string, bool) {
	literal, ok := e.(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return "", false
	}
	value, err := strconv.Unquote(literal.Value)
	return value, err == nil
}

// parseFiles reads a package's files, but for its tests.
func parseFiles(t *testing.T, dir string) []*ast.File {
	t.Helper()
	names, err := fs.Glob(os.DirFS(dir), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := goparser.ParseFile(token.NewFileSet(), dir+"/"+name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

func TestReasonsFromElsewhereAreOther(t *testing.T) {
	for reason, want := range map[string]string{
		"":              "",
		"token-expired": "token-expired",
		"session-token-expired-refresh-fetch-error":       "session-token-expired-refresh-fetch-error",
		"session-token-expired-refresh-resource_mismatch": "session-token-expired-refresh-other",
		"session-token-expired-refresh-":                  "session-token-expired-refresh-other",
		"token-expired2":                                  "other",
		"fetch-error":                                     "other",
		"\n":                                              "other",
	} {
		if got := listedReason(reason); got != want {
			t.Errorf("%q: expected %q, got %q", reason, want, got)
		}
	}
}
