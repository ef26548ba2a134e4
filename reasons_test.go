// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// reasonsOf gives the reasons that a package can give, which are its constants
// whose names say so.
func reasonsOf(t *testing.T, folder string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("expected files in %s, got %d (%v)", folder, len(files), err)
	}
	var reasons []string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			constant, ok := n.(*ast.ValueSpec)
			if !ok || len(constant.Values) != 1 || !isReason(constant.Names[0].Name) {
				return true
			}
			if literal, ok := constant.Values[0].(*ast.BasicLit); ok {
				reason, err := strconv.Unquote(literal.Value)
				if err != nil {
					t.Fatal(err)
				}
				reasons = append(reasons, reason)
			}
			return true
		})
	}
	return reasons
}

func isReason(name string) bool {
	for _, prefix := range []string{"Reason", "reason", "refresh"} {
		if rest, ok := strings.CutPrefix(name, prefix); ok && rest != "" && rest[0] >= 'A' && rest[0] <= 'Z' {
			return true
		}
	}
	return false
}

// TestEveryReasonHasItsEntry keeps docs/troubleshooting.md from falling behind
// the code.
func TestEveryReasonHasItsEntry(t *testing.T) {
	page, found := read(t, "docs/troubleshooting.md"), 0
	for _, folder := range []string{".", "access", "authstate", "authstate/legacy", "verifier"} {
		for _, reason := range reasonsOf(t, folder) {
			found++
			if !strings.Contains(page, "`"+reason+"`") {
				t.Errorf("%s: expected an entry for %s", folder, reason)
			}
		}
	}
	if found < 50 {
		t.Errorf("expected to find the code's reasons, got %d", found)
	}
	for _, reason := range []string{"missing-role", "missing-permission", "missing-feature", "missing-plan", "insufficient-scope"} {
		if !strings.Contains(page, "`"+reason+"`") {
			t.Errorf("expected an entry for %s", reason)
		}
	}
}
