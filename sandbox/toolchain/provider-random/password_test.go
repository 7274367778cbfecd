package main

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"testing/quick"
	"unicode/utf8"
)

func count(text, set string) int {
	found := 0
	for _, one := range text {
		if strings.ContainsRune(set, one) {
			found++
		}
	}
	return found
}

func TestAPasswordHonoursLengthSetsAndMinima(t *testing.T) {
	honours := func(lower, upper, numeric, special bool, minima [4]uint8, more uint8) bool {
		recipe := Recipe{
			Lower: lower, Upper: upper, Numeric: numeric, Special: special,
			MinLower: int(minima[0] % 9), MinUpper: int(minima[1] % 9), MinNumeric: int(minima[2] % 9), MinSpecial: int(minima[3] % 9),
		}
		recipe.Length = recipe.MinLower + recipe.MinUpper + recipe.MinNumeric + recipe.MinSpecial + int(more)
		if recipe.check() != nil {
			return true // nothing is made by it
		}
		made := password(recipe, rand.IntN)
		holds := func(wanted bool, least int, set string) bool {
			found := count(made, set)
			return found >= least && (wanted || found == least)
		}
		return utf8.RuneCountInString(made) == recipe.Length &&
			holds(lower, recipe.MinLower, lowers) && holds(upper, recipe.MinUpper, uppers) &&
			holds(numeric, recipe.MinNumeric, numerics) && holds(special, recipe.MinSpecial, specials)
	}
	if err := quick.Check(honours, &quick.Config{MaxCount: 2000}); err != nil {
		t.Error(err)
	}
}

func TestSpecialCharactersCanBeNamed(t *testing.T) {
	made := password(Recipe{Length: 8, Special: true, OverrideSpecial: "~é"}, rand.IntN)
	if strings.Trim(made, "~é") != "" || utf8.RuneCountInString(made) != 8 {
		t.Errorf("of 8 times ~ or é, got %q", made)
	}
}

func TestThePlacesOfTheMinimaAreRandomToo(t *testing.T) {
	recipe := Recipe{Length: 8, Lower: true, MinNumeric: 1}
	places := map[int]bool{}
	for range 1000 {
		places[strings.IndexAny(password(recipe, rand.IntN), numerics)] = true
	}
	if len(places) != 8 {
		t.Errorf("the digit stood at %d of 8 places", len(places))
	}
}

func TestAPasswordIsReplacedWhenAnInputChangesAndOnlyThen(t *testing.T) {
	olds := complete(Values{"length": 20.0, "special": false})
	olds["result"] = "secret"
	for _, each := range []struct {
		news Values
		want []string
	}{
		{Values{"length": 20.0, "special": false}, []string{}},
		{Values{"length": 30.0, "special": false}, []string{"length"}},
		{Values{"length": 20.0, "special": false, "keepers": Values{"a": "1"}}, []string{"keepers"}},
		{Values{"length": 20.0, "number": false}, []string{"numeric", "special"}},
	} {
		if got := changed(olds, each.news); !reflect.DeepEqual(got, each.want) {
			t.Errorf("%v: %v, want %v", each.news, got, each.want)
		}
	}
}

func TestInputsThatCannotBeAreRefusedWithBothNumbers(t *testing.T) {
	for _, each := range []struct {
		inputs Values
		want   Failure
	}{
		{Values{}, Failure{"length", "length (0) must be a whole number of 1 or more"}},
		{Values{"length": 2.5}, Failure{"length", "length must be of type int, not number 2.5"}},
		{Values{"length": 2.0, "minNumeric": 3.0}, Failure{"length", "length (2) must not be less than the sum of the minima (3)"}},
		{Values{"length": 2.0, "minUpper": -1.0}, Failure{"minUpper", "minUpper (-1) must be 0 or more"}},
		{Values{"length": 2.0, "lower": "no"}, Failure{"lower", "lower must be of type bool, not string"}},
		{
			Values{"length": 2.0, "lower": false, "upper": false, "number": false, "special": false},
			Failure{"special", "at least one of lower, upper, numeric and special must be true"},
		},
	} {
		if _, got := recipeOf(complete(each.inputs)); got != each.want {
			t.Errorf("%v: %v, want %v", each.inputs, got, each.want)
		}
	}
	if _, err := recipeOf(complete(Values{"length": 1.0, "keepers": nil})); err != nil {
		t.Error(err)
	}
}
