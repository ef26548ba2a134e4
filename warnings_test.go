// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"go/ast"
	"maps"
	"slices"
	"strings"
	"testing"
)

// warners lists the functions that log warnings and errors, each with what keeps
// a client, or an outage, from making it do so more than once a minute.
var warners = map[string]string{
	".warnAuthorizedParties":   "once a configuration",
	".Provision":               "a proxy of a development instance, once a configuration",
	".forward":                 "the Frontend API, once until it can be reached, and by the clock",
	".look":                    "the storage of revocations, once until it can be read again, and by the clock",
	".set":                     "an identity header that is too long, once a header and configuration",
	"authstate.warn":           "a warning of its kind and gate, by the clock",
	"authstate/legacy.refresh": "the interstitial page, once until it is fetched again, which is good for an hour",
	"verifier.ended":           "fetches of keys, by the clock",
	"verifier.compareClocks":   "the clock, once until it is right, and by the clock",
	"verifier.warn":            "the store of keys, by the clock",
}

// TestAllWarningsAreKnown reads the code, so that none is added without a bound.
func TestAllWarningsAreKnown(t *testing.T) {
	found := map[string]bool{}
	for _, dir := range []string{"", "access", "authstate", "authstate/legacy", "backendapi", "frontendapi", "guard", "headerfield", "verifier"} {
		for _, file := range parseFiles(t, "./"+dir) {
			for _, declaration := range file.Decls {
				if f, ok := declaration.(*ast.FuncDecl); ok && warns(f) {
					found[dir+"."+f.Name.Name] = true
				}
			}
		}
	}
	want, got := slices.Sorted(maps.Keys(warners)), slices.Sorted(maps.Keys(found))
	if !slices.Equal(want, got) {
		t.Errorf("expected warnings in\n%s\ngot them in\n%s", strings.Join(want, "\n"), strings.Join(got, "\n"))
	}
}

// warns tells whether a function logs a warning or an error. The Error of an
// error takes no arguments.
func warns(f *ast.FuncDecl) bool {
	found := false
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			method, ok := n.Fun.(*ast.SelectorExpr)
			if !ok || len(n.Args) == 0 {
				return true
			}
			name, _ := method.X.(*ast.Ident)
			isLog := name == nil || name.Name != "http" && name.Name != "caddyhttp"
			found = found || isLog && slices.Contains([]string{"Warn", "WarnContext", "Error", "ErrorContext"}, method.Sel.Name)
		case *ast.SelectorExpr:
			found = found || n.Sel.Name == "LevelWarn" || n.Sel.Name == "LevelError"
		}
		return true
	})
	return found
}
