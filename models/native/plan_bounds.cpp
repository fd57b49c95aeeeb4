#include "plan_bounds.hpp"

#include <numeric>
#include <tuple>

namespace saldopas::plan {

namespace {

constexpr Int LATE = -(Int{1} << 61);
constexpr Int MAX_CELLS = 2'000'000;

}  // namespace

// The tightest limit that `item` breaks loses its smallest term, or `item` stays outside: the
// exchange along the one circuit that the course closes in a matroid.
void BestTerms::insert(Int item, Int term) {
    std::size_t leaves = most_;
    if (candidates_.capped) {
        Int same = 0;
        const Int category = candidates_.category[item], clique = candidates_.clique[item];
        for (std::size_t j = 0; j < items.size(); ++j)
            if (candidates_.category[items[j]] == category) ++same, leaves = j;
        if (same < room_[category]) leaves = most_;
        if (clique >= 0)
            for (std::size_t j = 0; j < items.size(); ++j)
                if (candidates_.clique[items[j]] == clique) leaves = j;
        if (leaves < most_ && terms[leaves] >= term) return;
    }
    if (leaves < most_) {
        items.erase(items.begin() + static_cast<std::ptrdiff_t>(leaves));
        terms.erase(terms.begin() + static_cast<std::ptrdiff_t>(leaves));
    }
    if (is_full()) {
        items.pop_back();
        terms.pop_back();
    }
    std::size_t place = items.size();
    items.push_back(item);
    terms.push_back(term);
    for (; place > 0 && terms[place - 1] < term; --place) {
        items[place] = items[place - 1];
        terms[place] = terms[place - 1];
    }
    items[place] = item;
    terms[place] = term;
}

void BestTerms::fill(View among, View worth, View cost, Int multiplier, Int least) {
    clear();
    for (const Int i : among) {
        const Int term = worth[i] - multiplier * cost[i];
        if (term >= least && may_enter(term)) insert(i, term);
    }
}

Sums BestTerms::sums(View worth, View cost) const {
    Sums total;
    for (const Int i : items) total.worth += worth[i], total.cost += cost[i];
    return total;
}

Multiplier best_multiplier(BestTerms& best, View among, View worth, View cost, Int capacity) {
    Array affordable;
    const auto at = [&](Int multiplier) {
        // a full set's smallest term at this multiplier: no smaller one is among the best
        Int least = 1;
        if (best.is_full()) {
            least = std::numeric_limits<Int>::max();
            for (const Int i : best.items)
                least = std::min(least, worth[i] - multiplier * cost[i]);
            least = std::max<Int>(least, 1);
        }
        best.fill(among, worth, cost, multiplier, least);
        return best.sums(worth, cost);
    };
    best.clear();
    Multiplier found = least_bound(capacity, at, [&] { affordable = best.items; });
    found.affordable = std::move(affordable);
    return found;
}

SuffixBound::SuffixBound(const Candidates& candidates, View room, View core, View value, Array mus,
                         Int nu, Int slots)
    : mus_(std::move(mus)), nu_(nu), slots_(slots), width_(static_cast<Int>(mus_.size())) {
    const Int m = static_cast<Int>(core.size());
    table_.assign(static_cast<std::size_t>((m + 1) * (slots + 1) * width_), 0);
    BestTerms best(candidates, room, slots);
    for (Int t = 0; t < width_; ++t) {
        best.clear();
        const Int mu = mus_[static_cast<std::size_t>(t)];
        for (Int a = m - 1; a >= 0; --a) {
            const Int i = core[a];
            const Int term = value[i] - mu * candidates.price[i] - nu * candidates.busy[i];
            if (term > 0 && best.may_enter(term)) best.insert(i, term);
            Int total = 0;
            for (Int s = 0; s < slots; ++s) {
                if (s < static_cast<Int>(best.terms.size())) total += best.terms[s];
                table_[static_cast<std::size_t>((a * (slots + 1) + s + 1) * width_ + t)] = total;
            }
        }
    }
}

Timeline::Timeline(const Candidates& candidates, View core, View value, View forced, Int money,
                   Int slots, bool several)
    : slots_(slots) {
    for (const Int i : core)
        line_.push_back({candidates.due[i], i, value[i], candidates.price[i], candidates.busy[i],
                         false});
    for (const Int i : forced)
        line_.push_back({candidates.due[i], i, 0, 0, candidates.busy[i], true});
    std::ranges::sort(line_, {}, [](const Course& course) {
        return std::tuple(course.due, course.forced, course.item);
    });
    Array longest;
    Int latest = 0, days = 0;
    for (const Course& course : line_) {
        latest = std::max(latest, course.due - course.busy);
        if (course.forced) days += course.busy;
        else longest.push_back(course.busy);
    }
    std::ranges::sort(longest, std::ranges::greater());
    longest.resize(std::min(longest.size(), static_cast<std::size_t>(slots)));
    last_ = std::min(std::accumulate(longest.begin(), longest.end(), days), latest);
    const Int n = static_cast<Int>(line_.size());
    const Int unit = 1 + (last_ + 2) * (n + 1) * (slots + 1) / MAX_CELLS;
    last_ /= unit;
    start_.push_back(0);
    before_.push_back(0);
    days = 0;
    for (Int l = 0; l < n; ++l) {
        line_[l].busy /= unit;
        line_[l].due /= unit;
        if (line_[l].forced) {
            days += line_[l].busy;
        } else {
            start_.push_back(l + 1);
            before_.push_back(days);
        }
    }
    const Int mu = least_bound(money, [&](Int trial) { return best(trial); }, [] {}).value;
    mus_ = several ? around(mu) : Array{mu};
    for (const Int each : mus_) tables_.push_back(table(each));
}

Array Timeline::table(Int mu) const {
    const Int n = static_cast<Int>(line_.size());
    Array table(cell(n + 1, 0, 0), 0);
    for (Int l = n - 1; l >= 0; --l) {
        const Course& course = line_[l];
        const Int term = course.worth - mu * course.price;
        for (Int s = 0; s <= slots_; ++s)
            for (Int d = 0; d <= last_ + 1; ++d) {
                const bool late = d + course.busy > course.due;
                Int most = table[cell(l + 1, s, d)];
                if (course.forced)
                    most = late ? LATE : table[cell(l + 1, s, day_after(course, d))];
                else if (term > 0 && s > 0 && !late && d <= last_)
                    most = std::max(most, term + table[cell(l + 1, s - 1, day_after(course, d))]);
                table[cell(l, s, d)] = most;
            }
    }
    return table;
}

// Worth and price of the set in time with the largest worth - mu * price.
Sums Timeline::best(Int mu) const {
    const Array most = table(mu);
    Sums total;
    Int s = slots_, d = 0;
    for (Int l = 0; l < static_cast<Int>(line_.size()); ++l) {
        const Course& course = line_[l];
        const bool taken = !course.forced && most[cell(l, s, d)] > most[cell(l + 1, s, d)];
        if (taken) total.worth += course.worth, total.cost += course.price, --s;
        if (taken || course.forced) d = day_after(course, d);
    }
    return total;
}

}  // namespace saldopas::plan
