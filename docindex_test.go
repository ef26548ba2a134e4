// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestEveryPageIsInAnIndex looks for each page of the documentation in the README
// of its folder, and for those in the one above.
func TestEveryPageIsInAnIndex(t *testing.T) {
	for _, page := range pagesOfTheDocumentation(t) {
		folder, name := filepath.Split(page)
		if name == "README.md" {
			folder, name = filepath.Dir(filepath.Clean(folder))+"/", filepath.Base(folder)+"/README.md"
		}
		if folder == "./" || folder == "docs/recipes/" {
			continue
		}
		if index := folder + "README.md"; !strings.Contains(read(t, index), "]("+name+")") {
			t.Errorf("expected %s to have a link to %s", index, name)
		}
	}
}
