// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"reflect"
	"testing"

	"github.com/caddy-clerk/caddy-clerk/backendapi"
)

// Caddy's templates call methods by their names. Hence the linker keeps every
// method of every type that a value's type leads to, and of the client that would
// be all of the Backend API, some megabytes.
func TestAnInstancesTypesDoNotLeadToTheClient(t *testing.T) {
	client := reflect.TypeFor[backendapi.Client]()
	seen := map[reflect.Type]bool{}
	var search func(reflect.Type, string)
	search = func(typ reflect.Type, path string) {
		if seen[typ] {
			return
		}
		seen[typ] = true
		if typ == client {
			t.Errorf("%s is the client; hold functions instead", path)
			return
		}
		for _, next := range leadsTo(typ) {
			search(next, path+" > "+next.String())
		}
	}
	for _, from := range []reflect.Type{reflect.TypeFor[*instance](), reflect.TypeFor[interstitialSource](), reflect.TypeFor[*App](), reflect.TypeFor[*Handler]()} {
		search(from, from.String())
	}
	if !seen[reflect.TypeFor[apiCalls]()] {
		t.Error("expected to find what the calls are")
	}
}

func leadsTo(typ reflect.Type) []reflect.Type {
	var next []reflect.Type
	switch typ.Kind() {
	case reflect.Array, reflect.Chan, reflect.Map, reflect.Pointer, reflect.Slice:
		next = append(next, typ.Elem())
		if typ.Kind() == reflect.Map {
			next = append(next, typ.Key())
		}
	case reflect.Struct:
		for i := range typ.NumField() {
			next = append(next, typ.Field(i).Type)
		}
	case reflect.Func:
		for i := range typ.NumIn() {
			next = append(next, typ.In(i))
		}
		for i := range typ.NumOut() {
			next = append(next, typ.Out(i))
		}
	}
	return next
}
