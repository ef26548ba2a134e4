// SPDX-License-Identifier: Apache-2.0

// Command generate writes the resources of the package backendapi, and the table
// of all operations in docs, from Clerk's own description of its Backend API
// (https://github.com/clerk/openapi-specs). The description is not part of this
// repository: it takes the path of one.
//
// What it takes from there are facts: operations, parameters, members and
// their types. Names and words are this project's, in the tables here.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("generate: ")
	description := flag.String("description", "", "the path of the `file` that describes the API (OpenAPI 3)")
	root := flag.String("root", "..", "the `directory` of the repository")
	flag.Parse()
	if *description == "" {
		log.Fatal("-description: expected a path, got none; set CLERK_BAPI_DESCRIPTION for go generate")
	}
	files, err := generate(*description)
	if err != nil {
		log.Fatal(err)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(*root, name), content, 0o644); err != nil { //nolint:gosec // It is source code.
			log.Fatal(err)
		}
	}
}

// generate gives all files that follow from a description, by their paths from
// the root of the repository.
func generate(description string) (map[string][]byte, error) {
	a, err := readAPI(description)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", description, err)
	}
	files := map[string][]byte{"docs/backend-api.md": a.table()}
	for _, f := range a.sources() {
		source, err := f.format()
		if err != nil {
			return nil, fmt.Errorf("writing %s: %w", f.name, err)
		}
		files["backendapi/"+f.name] = source
	}
	return files, nil
}
