#include "plan_pairs.hpp"

namespace saldopas::plan {

namespace {

constexpr Int MOVES_PER_STEP = 4;   // looking at a pair beside looking at a child of the search
constexpr Int MOVES_PER_PAIR = 16;  // making and sorting one
constexpr Int MOVES_PER_RULES = 8;  // checking the rules of four courses

}  // namespace

void LastCourses::make_pairs() {
    const auto m = static_cast<std::int32_t>(core_.size());
    Array chosen(forced_.begin(), forced_.end());
    pairs_.push_back({0, 0, m, m});
    for (std::int32_t x = 0; x < m; ++x) {
        pairs_.push_back({price_[x], worth_[x], x, m});
        chosen.push_back(core_[x]);
        for (std::int32_t y = x + 1; y < m; ++y)
            if (price_[x] + price_[y] <= money_ && c_.fits(core_[y], chosen))
                pairs_.push_back({price_[x] + price_[y], worth_[x] + worth_[y], x, y});
        chosen.pop_back();
    }
    std::ranges::stable_sort(pairs_, {}, &Pair::price);
    kept_.reserve(pairs_.size());
    top_.reserve(pairs_.size());
}

LastCourses::Best LastCourses::best(Flags free, View chosen, Int money, Int needed, Int most,
                                    Int limit) {
    Best found{needed, {}, 0};
    Int moves = 0;
    if (pairs_.empty()) {
        make_pairs();
        moves = MOVES_PER_PAIR * static_cast<Int>(pairs_.size());
    }
    kept_.clear();
    top_.clear();
    Int top = -1;
    for (const Pair& pair : pairs_) {
        if (pair.price > money) break;
        if (!free[pair.one] || !free[pair.two]) continue;
        kept_.push_back(pair);
        top = std::max(top, pair.worth);
        top_.push_back(top);
    }
    moves += static_cast<Int>(pairs_.size() + kept_.size());
    const Int p = static_cast<Int>(kept_.size());
    const auto m = static_cast<std::int32_t>(core_.size());
    Int y = p - 1;
    for (Int x = 0; x < p && moves / MOVES_PER_STEP <= limit; ++x) {
        const Pair& one = kept_[x];
        if (size(one) > most - 2) continue;
        while (y >= 0 && one.price + kept_[y].price > money) --y;
        const Int least = most == LAST_COURSES ? x : 0;
        if (y < least) break;
        for (Int z = y; z >= least && one.worth + top_[z] > found.worth; --z) {
            ++moves;
            const Pair& other = kept_[z];
            if (one.worth + other.worth <= found.worth || !are_apart(one, other)) continue;
            moves += MOVES_PER_RULES;
            if (!fit(one, other, chosen)) continue;
            found.worth = one.worth + other.worth;
            found.places.clear();
            for (const std::int32_t place : {one.one, one.two, other.one, other.two})
                if (place < m) found.places.push_back(place);
        }
    }
    found.steps = moves / MOVES_PER_STEP;
    return found;
}

Int LastCourses::size(const Pair& pair) const {
    const auto m = static_cast<std::int32_t>(core_.size());
    return Int{pair.one < m} + Int{pair.two < m};
}

bool LastCourses::are_apart(const Pair& one, const Pair& other) const {
    const auto m = static_cast<std::int32_t>(core_.size());
    const auto apart = [&](std::int32_t place) {
        return place == m || (place != other.one && place != other.two);
    };
    return apart(one.one) && apart(one.two);
}

bool LastCourses::fit(const Pair& one, const Pair& other, View chosen) const {
    if (c_.plain) return true;
    Array items(chosen.begin(), chosen.end());
    for (const std::int32_t place : {one.one, one.two, other.one, other.two}) {
        if (place == static_cast<std::int32_t>(core_.size())) continue;
        if (!c_.fits(core_[place], items)) return false;
        items.push_back(core_[place]);
    }
    return true;
}

}  // namespace saldopas::plan
