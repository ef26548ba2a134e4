// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"encoding/json"
	"go/ast"
	goparser "go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
)

// Caddy's website shows the comments of modules and of their fields, as Markdown.

// moduleIDs are the modules of this package.
var moduleIDs = []string{
	"admin.api.clerk", "clerk", "http.authentication.providers.clerk", "http.handlers.clerk_auth", "http.handlers.clerk_prepare",
	"http.handlers.clerk_proxy", "http.matchers.clerk",
}

// typeDocs gives the comments of the types of this package, and those of their
// fields, by the names of type and field.
func typeDocs(t *testing.T) (types map[string]string, fields map[string]map[string]string) {
	t.Helper()
	types, fields = make(map[string]string), make(map[string]map[string]string)
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		file, err := goparser.ParseFile(token.NewFileSet(), name, nil, goparser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range file.Decls {
			general, ok := declaration.(*ast.GenDecl)
			if !ok || general.Tok != token.TYPE {
				continue
			}
			for _, spec := range general.Specs {
				spec := spec.(*ast.TypeSpec)
				types[spec.Name.Name] = general.Doc.Text()
				if structure, ok := spec.Type.(*ast.StructType); ok {
					fields[spec.Name.Name] = fieldDocs(structure)
				}
			}
		}
	}
	return types, fields
}

func fieldDocs(structure *ast.StructType) map[string]string {
	docs := make(map[string]string)
	for _, field := range structure.Fields.List {
		for _, name := range field.Names {
			docs[name.Name] = field.Doc.Text()
		}
	}
	return docs
}

// configurable gives the structures that JSON reaches from a module: its own, and
// those of this package that its fields are of.
func configurable(structure reflect.Type) []reflect.Type {
	found := []reflect.Type{structure}
	for field := range fieldsOf(structure) {
		of := field.Type
		for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice || of.Kind() == reflect.Map {
			of = of.Elem()
		}
		if of.Kind() == reflect.Struct && of.PkgPath() == structure.PkgPath() && (field.Anonymous || field.Tag.Get("json") != "") {
			found = append(found, configurable(of)...)
		}
	}
	return found
}

func fieldsOf(structure reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range structure.NumField() {
			if !yield(structure.Field(i)) {
				return
			}
		}
	}
}

func TestEveryModuleSaysWhatItIs(t *testing.T) {
	types, fields := typeDocs(t)
	for _, info := range ownModules(t) {
		module := reflect.TypeOf(info.New()).Elem()
		doc := types[module.Name()]
		if !strings.HasPrefix(doc, module.Name()+" ") {
			t.Errorf("%s: expected a comment that begins with its name, got %q", info.ID, doc)
		}
		checkMarkdown(t, string(info.ID), doc)
		if info.ID.Namespace() != "admin.api" {
			checkExample(t, info, doc)
		}
		for _, structure := range configurable(module) {
			for field := range fieldsOf(structure) {
				if field.Tag.Get("json") == "" {
					continue
				}
				where := structure.Name() + "." + field.Name
				text := fields[structure.Name()][field.Name]
				if text == "" {
					t.Errorf("%s: expected a comment", where)
				}
				checkMarkdown(t, where, text)
				if strings.Contains(field.Type.String(), "Duration") && !regexp.MustCompile(`\b\d+[smh]\b`).MatchString(text) {
					t.Errorf("%s: expected a default with its unit", where)
				}
			}
		}
	}
}

// ownModules gives the modules of this package, and fails where they are others
// than moduleIDs.
func ownModules(t *testing.T) []caddy.ModuleInfo {
	t.Helper()
	var own []caddy.ModuleInfo
	var ids []string
	for _, id := range caddy.Modules() {
		info, err := caddy.GetModule(id)
		if err != nil {
			t.Fatal(err)
		}
		of := reflect.TypeOf(info.New())
		if of.Kind() == reflect.Pointer && of.Elem().PkgPath() == reflect.TypeFor[Handler]().PkgPath() {
			own, ids = append(own, info), append(ids, id)
		}
	}
	if !slices.Equal(ids, moduleIDs) {
		t.Errorf("expected the modules %q, got %q; list them here, and give each a page in docs", moduleIDs, ids)
	}
	return own
}

var (
	tableRule = regexp.MustCompile(`^-+(\|-+)+$`)
	// bareName is a name that is no code: Markdown takes some underscores for
	// emphasis, and what is in angle brackets for a tag.
	bareName = regexp.MustCompile("\\b\\w+_\\w*|<\\w+>|\\{\\w+\\.")
	code     = regexp.MustCompile("`[^`]*`")
)

// checkMarkdown finds tables that are not set off, and names that are no code.
func checkMarkdown(t *testing.T, where, doc string) {
	t.Helper()
	before, wasRow := "", false
	for line := range strings.SplitSeq(doc, "\n") {
		if strings.HasPrefix(line, "\t") {
			continue
		}
		prose := code.ReplaceAllString(line, "code")
		if name := bareName.FindString(prose); name != "" {
			t.Errorf("%s: expected %s in backticks, in %q", where, name, line)
		}
		isRow := strings.Contains(prose, " | ") || tableRule.MatchString(prose)
		if before != "" && prose != "" && isRow != wasRow {
			t.Errorf("%s: expected an empty line between a table and what is beside it, got %q", where, line)
		}
		before, wasRow = prose, isRow
	}
}

// checkExample reads the first example of a module as its configuration.
func checkExample(t *testing.T, info caddy.ModuleInfo, doc string) {
	t.Helper()
	example := firstExample(doc)
	var object map[string]json.RawMessage
	if err := json.Unmarshal([]byte(example), &object); err != nil {
		t.Errorf("%s: expected an example in JSON, indented by a tab, got %q: %v", info.ID, example, err)
		return
	}
	delete(object, "handler")
	config, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	if err := caddy.StrictUnmarshalJSON(config, info.New()); err != nil {
		t.Errorf("%s: %v", info.ID, err)
	}
}

// firstExample gives the first lines of a comment that are indented.
func firstExample(doc string) string {
	var example strings.Builder
	for line := range strings.Lines(doc) {
		code, ok := strings.CutPrefix(line, "\t")
		if !ok && example.Len() > 0 {
			break
		}
		if ok {
			example.WriteString(code)
		}
	}
	return example.String()
}

// TestTheTableOfPlaceholdersIsWhole keeps the comment of the gate, which Caddy's
// website shows, from falling behind.
func TestTheTableOfPlaceholdersIsWhole(t *testing.T) {
	types, _ := typeDocs(t)
	for _, name := range clerkValues() {
		if !strings.Contains(types["Handler"], "`{http.clerk."+name+"}` | ") {
			t.Errorf("expected a row for {http.clerk.%s}", name)
		}
	}
}
