// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

var (
	linkTarget  = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	heading     = regexp.MustCompile(`(?m)^#{1,6} (.*)$`)
	codeSpan    = regexp.MustCompile("`[^`\n]*`")
	markdown    = regexp.MustCompile(`\[([^]]*)\]\([^)]*\)|[*]`)
	pageInACode = regexp.MustCompile(`\bdocs/[\w/-]+\.md(#[\w-]+)?`)
)

// filesThatEndIn gives the files of the repository with an ending.
func filesThatEndIn(t *testing.T, ending string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == "testdata") {
			return fs.SkipDir
		}
		if strings.HasSuffix(path, ending) {
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestLinksLeadSomewhere follows every relative link of the documentation, and
// what the code names of it, to the file and to the heading.
func TestLinksLeadSomewhere(t *testing.T) {
	followed := 0
	for _, file := range filesThatEndIn(t, ".md") {
		prose := codeSpan.ReplaceAllString(codeBlock.ReplaceAllString(read(t, file), ""), "")
		for _, link := range linkTarget.FindAllStringSubmatch(prose, -1) {
			if strings.Contains(link[1], ":") {
				continue
			}
			followed++
			if err := follow(t, file, link[1]); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
	if followed < 50 {
		t.Errorf("expected the links of the documentation, got %d", followed)
	}
	for _, file := range filesThatEndIn(t, ".go") {
		for _, named := range pageInACode.FindAllString(read(t, file), -1) {
			if err := follow(t, "here", named); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
}

// follow tells whether there is what a link on a page leads to.
func follow(t *testing.T, page, link string) error {
	t.Helper()
	path, anchor, _ := strings.Cut(link, "#")
	target := filepath.Join(filepath.Dir(page), filepath.FromSlash(path))
	if path == "" {
		target = page
	}
	if _, err := os.Stat(target); err != nil {
		return fmt.Errorf("%s leads nowhere: %w", link, err)
	}
	if anchor == "" || !strings.HasSuffix(target, ".md") {
		return nil
	}
	if anchors := anchorsOf(read(t, target)); !slices.Contains(anchors, anchor) {
		return fmt.Errorf("%s leads to no heading; there are %q", link, anchors)
	}
	return nil
}

// anchorsOf gives what GitHub makes of the headings of a page.
func anchorsOf(page string) []string {
	var anchors []string
	seen := make(map[string]int)
	for _, match := range heading.FindAllStringSubmatch(codeBlock.ReplaceAllString(page, ""), -1) {
		anchor := strings.Map(func(c rune) rune {
			switch {
			case c == ' ':
				return '-'
			case c == '-', c == '_', unicode.IsLetter(c), unicode.IsDigit(c):
				return unicode.ToLower(c)
			}
			return -1
		}, markdown.ReplaceAllString(match[1], "$1"))
		if n := seen[anchor]; n > 0 {
			anchors = append(anchors, fmt.Sprintf("%s-%d", anchor, n))
		} else {
			anchors = append(anchors, anchor)
		}
		seen[anchor]++
	}
	return anchors
}
