#include "plan_search.hpp"

#include <numeric>
#include <optional>

#include "plan_bounds.hpp"
#include "plan_pairs.hpp"

namespace saldopas::plan {

namespace {

constexpr Int QUICK_STEPS = 20'000;
constexpr Int PAIRS_PER_STEP = 8;  // of the core: so many steps may branching on take

bool holds(View items, Int item) { return std::ranges::find(items, item) != items.end(); }

// What every price is a multiple of, 0 where all are free: money below it cannot be spent.
Int common_divisor(View price) {
    return std::accumulate(price.begin(), price.end(), Int{0}, std::gcd<Int, Int>);
}

class Search {
  public:
    Search(const Candidates& candidates, View value, View forced, const Limits& limits)
        : c_(candidates),
          value_(value),
          forced_(forced),
          chosen_(forced.begin(), forced.end()),
          room_(candidates.room.begin(), candidates.room.end()),
          money_(limits.balance),
          slots_(limits.max_courses - static_cast<Int>(forced.size())),
          limits_(limits) {}

    Found run(Flags usable);

  private:
    bool has(Layer layer) const { return (limits_.without & layer) == 0; }
    Array open(Flags usable) const;
    Int most_in_time(View among) const;
    Array relax(View among);
    Array core_of(View among, Int slack) const;
    void add(Int item) { chosen_.push_back(item), found_ += value_[item], rest_ -= c_.price[item]; }
    bool add_best(View among);
    bool exchange_best(View among);
    bool exchange_two(View by_price);
    void branch(Array core, Int limit, bool thorough);
    Found answer() const;

    const Candidates& c_;
    View value_, forced_;
    Array chosen_;  // forced courses first
    Array room_;    // that the forced courses leave
    Int money_;     // that the forced courses leave
    Int days_ = 0;
    Int slots_;  // courses besides the forced ones, at most
    const Limits& limits_;
    Int found_ = 0, rest_ = 0;  // worth of the chosen courses besides the forced ones; money left
    Int bound_ = 0;
    Int mu_ = 0, nu_ = 0;
    Array reduced_;
    Int least_ = 0;  // smallest reduced value of the relaxed set, 0 if that is not full
    Int steps_ = 0;
};

Found Search::answer() const {
    Int worth = 0;
    for (const Int i : forced_) worth += value_[i];
    return {chosen_, worth + bound_, steps_};
}

Found Search::run(Flags usable) {
    if (c_.timed) days_ = std::max<Int>(0, *std::ranges::max_element(c_.due));
    for (const Int i : forced_) money_ -= c_.price[i], days_ -= c_.busy[i];
    rest_ = money_;
    Array among = open(usable);
    if (c_.timed && !among.empty()) slots_ = most_in_time(among);
    if (slots_ == 0 || among.empty()) return answer();
    if (c_.capped) {
        for (const Int i : forced_) --room_[c_.category[i]];
        BestTerms best(c_, room_, slots_);
        best.fill(among, value_, c_.price, 0, 1);
        slots_ = static_cast<Int>(best.items.size());
    }
    for (const Int i : relax(among))
        if (c_.price[i] <= rest_ && c_.fits(i, chosen_)) add(i);
    while (add_best(among)) {
    }
    const Int root = bound_;
    if (found_ >= bound_) return answer();
    // A set with course i is worth at most bound - least + min(reduced_i, least) (Fayard and
    // Plateau 1982): what cannot be in a better set is left out for good.
    among = core_of(among, bound_ - found_);
    while (has(EXCHANGE) && exchange_best(among)) add_best(among);
    if (found_ >= bound_) return answer();
    Array core = core_of(among, bound_ - found_);
    std::ranges::sort(core, {}, [&](Int i) { return std::pair(-reduced_[i], i); });
    if (has(QUICK)) branch(core, std::min(limits_.steps, QUICK_STEPS), false);
    if (found_ < bound_ && limits_.steps > steps_) {
        if (has(EXCHANGE_TWO)) {
            Array by_price = core;
            std::ranges::sort(by_price, {}, [&](Int i) { return std::pair(c_.price[i], i); });
            while (found_ < bound_ && exchange_two(by_price)) {
            }
        }
        branch(core_of(core, root - found_), limits_.steps, true);
    }
    return answer();
}

// Candidates that may join the forced courses and are worth something.
Array Search::open(Flags usable) const {
    Array among;
    for (Int i = 0; i < c_.size(); ++i)
        if (usable[i] && value_[i] > 0 && c_.price[i] <= money_ && c_.fits(i, forced_))
            among.push_back(i);
    return among;
}

// How many more courses the days leave room for. All but the last of a plan are over by the last
// day on which anything may be bought. They are at least the forced courses but the longest, and
// of the others all but one: the shortest, at best.
Int Search::most_in_time(View among) const {
    Int slack = 0, before = 0, longest = 0;
    for (const Int i : forced_) {
        slack = std::max(slack, c_.due[i] - c_.busy[i]);
        before += c_.busy[i];
        longest = std::max(longest, c_.busy[i]);
    }
    before -= longest;
    Array busy;
    for (const Int i : among) {
        busy.push_back(c_.busy[i]);
        slack = std::max(slack, c_.due[i] - c_.busy[i]);
    }
    std::ranges::sort(busy);
    Int n = 0;
    while (n < std::min(slots_, static_cast<Int>(busy.size())) && before <= slack)
        before += busy[n++];
    return n;
}

// Set the multipliers, their bound and the reduced values; returns a set that keeps to the money.
// With days one multiplier is chosen at a time, the other held; any pair is a valid bound.
Array Search::relax(View among) {
    BestTerms best(c_, room_, slots_);
    Multiplier money = best_multiplier(best, among, value_, c_.price, money_);
    mu_ = money.value, bound_ = money.bound;
    reduced_.assign(value_.begin(), value_.end());
    const auto less = [&](Int multiplier, View cost) {
        for (Int i = 0; i < c_.size(); ++i) reduced_[i] = value_[i] - multiplier * cost[i];
    };
    for (int round = 0; c_.timed && round < 3; ++round) {
        less(mu_, c_.price);
        const Multiplier days = best_multiplier(best, among, reduced_, c_.busy, days_);
        if (days.bound + mu_ * money_ >= bound_) break;
        nu_ = days.value, bound_ = days.bound + mu_ * money_;
        less(nu_, c_.busy);
        const Multiplier again = best_multiplier(best, among, reduced_, c_.price, money_);
        if (again.bound + nu_ * days_ >= bound_) break;
        mu_ = again.value, bound_ = again.bound + nu_ * days_;
    }
    for (const Int i : among) reduced_[i] = value_[i] - mu_ * c_.price[i] - nu_ * c_.busy[i];
    best.fill(among, reduced_, c_.price, 0, 1);
    least_ = best.is_full() ? best.terms.back() : 0;
    return money.affordable;
}

// Courses that a set may contain that is worth more than the bound less `slack`.
Array Search::core_of(View among, Int slack) const {
    Array core;
    for (const Int i : among)
        if (!has(CORE) || least_ - std::min(reduced_[i], least_) < slack) core.push_back(i);
    return core;
}

bool Search::add_best(View among) {
    Int best = -1, gain = 0;
    if (static_cast<Int>(chosen_.size() - forced_.size()) == slots_) return false;
    for (const Int i : among)
        if (value_[i] > gain && c_.price[i] <= rest_ && !holds(chosen_, i) && c_.fits(i, chosen_))
            best = i, gain = value_[i];
    if (best >= 0) add(best);
    return best >= 0;
}

// Make the best exchange of one course; False where none gains.
bool Search::exchange_best(View among) {
    Int best = -1, gain = 0;
    std::size_t place = 0;
    const std::size_t last = chosen_.size() - 1;
    for (std::size_t o = forced_.size(); o < chosen_.size(); ++o) {
        const Int out = chosen_[o];
        std::swap(chosen_[o], chosen_[last]);
        const View stay(chosen_.data(), last);
        for (const Int i : among)
            if (value_[i] > value_[out] + gain && c_.price[i] <= rest_ + c_.price[out] &&
                !holds(stay, i) && i != out && c_.fits(i, stay))
                best = i, place = o, gain = value_[i] - value_[out];
        std::swap(chosen_[o], chosen_[last]);
    }
    if (best < 0) return false;
    found_ += gain;
    rest_ += c_.price[chosen_[place]] - c_.price[best];
    chosen_[place] = best;
    return true;
}

// Exchange two courses for two where that gains; False where it does not. One pointer over the
// prices rises and one falls, so that the two fill the money (Horowitz and Sahni 1974).
bool Search::exchange_two(View by_price) {
    for (std::size_t a = forced_.size(); a < chosen_.size(); ++a)
        for (std::size_t b = a + 1; b < chosen_.size(); ++b) {
            Array stay = chosen_;
            std::erase(stay, chosen_[a]);
            std::erase(stay, chosen_[b]);
            const Int money = rest_ + c_.price[chosen_[a]] + c_.price[chosen_[b]];
            const Int worth = value_[chosen_[a]] + value_[chosen_[b]];
            Int gain = 0, one = -1, other = -1;
            for (std::size_t x = 0, y = by_price.size(); x + 1 < y;) {
                const Int i = by_price[x], j = by_price[y - 1];
                const bool payable = c_.price[i] + c_.price[j] <= money;
                payable ? ++x : --y;
                if (!payable || value_[i] + value_[j] <= worth + gain || holds(stay, i) || holds(stay, j) ||
                    !c_.fits(i, stay))
                    continue;
                stay.push_back(i);
                if (c_.fits(j, stay)) gain = value_[i] + value_[j] - worth, one = i, other = j;
                stay.pop_back();
            }
            if (gain == 0) continue;
            found_ += gain;
            rest_ = money - c_.price[one] - c_.price[other];
            chosen_[a] = one, chosen_[b] = other;
            return true;
        }
    return false;
}

// Depth first over the core. By falling reduced value the bounds of siblings fall, so the first that
// fails ends a level. A thorough search with days takes the courses by rising due day and bounds the
// days exactly; one without takes the last four courses at once where branching on takes long.
void Search::branch(Array core, Int limit, bool thorough) {
    const bool timed = thorough && c_.timed && has(TIMELINE);
    const bool paired = thorough && !c_.timed && has(PAIRS), several = has(MULTIPLIERS);
    if (timed) std::ranges::sort(core, {}, [&](Int i) { return std::pair(c_.due[i], i); });
    const Int m = static_cast<Int>(core.size());
    Array price, worth, busy;
    for (const Int i : core)
        price.push_back(c_.price[i]), worth.push_back(value_[i]), busy.push_back(c_.busy[i]);
    Int money = money_;
    if (const Int unit = common_divisor(price); unit > 1) money = money / unit * unit;
        const SuffixBound relaxed(c_, room_, core, value_, several ? around(mu_) : Array{mu_}, nu_,
                              slots_);
    std::optional<Timeline> line;
    if (timed) line.emplace(c_, core, value_, forced_, money, slots_, several);
    LastCourses last_courses(c_, core, price, worth, money, forced_);

    struct Node {
        Int place, money, days, gone, worth;
    };
    std::vector<Node> nodes(static_cast<std::size_t>(slots_) + 1);
    nodes[0] = {0, money, days_, 0, 0};
    const auto bound = [&](Int a, Int s, const Node& node) {
        const Int most = relaxed(a, s, node.money, node.days);
        return timed ? std::min(most, (*line)(a, s, node.money, node.gone)) : most;
    };
    const auto child = [&](const Node& node, Int a) -> Node {
        return {0, node.money - price[a], node.days - busy[a],
                node.gone + (timed ? line->busy(a) : 0), node.worth + worth[a]};
    };
    Array path(forced_.begin(), forced_.end());
    const Int pair_level = std::max<Int>(slots_ - LAST_COURSES, 0);
    const Int budget = m * m / PAIRS_PER_STEP;
    std::vector<std::uint8_t> free(core.size() + 1, 1);
    Int entered = steps_, start = 0;  // of the node at `pair_level`
    Int level = 0, a = 0;
    while (found_ < bound_) {
        const Int s = slots_ - level;
        const Node node = nodes[level];
        bool down = false;
        for (; a < m; ++a) {
            ++steps_;
            if (bound(a, s, node) <= found_ - node.worth) break;
            if (price[a] > node.money || !c_.fits(core[a], path)) continue;
            const Node next = child(node, a);
            if (next.worth > found_) {
                found_ = next.worth;
                chosen_ = path;
                chosen_.push_back(core[a]);
                rest_ = node.money - price[a];
            }
            down = s > 1 && (!thorough || bound(a + 1, s - 1, next) > found_ - next.worth);
            if (down) break;
        }
        nodes[level].place = a;
        if (steps_ > limit) break;
        if (paired && level >= pair_level && steps_ - entered > budget) {
            level = pair_level;
            const Node& last = nodes[level];
            const Int most = slots_ - level, missing = found_ - last.worth;
            path.resize(forced_.size() + static_cast<std::size_t>(level));
            for (Int i = 0; i < m; ++i)
                free[i] = i >= start && price[i] <= last.money &&
                          bound(start, most - 1, child(last, i)) > missing - worth[i] &&
                          c_.fits(core[i], path);
            const LastCourses::Best best =
                last_courses.best(free, path, last.money, missing, most, limit - steps_);
            steps_ += m + best.steps;
            if (!best.places.empty()) {
                found_ = last.worth + best.worth;
                chosen_ = path;
                for (const Int place : best.places) chosen_.push_back(core[place]);
            }
            nodes[level].place = start;
            if (steps_ > limit) break;
            down = false;
        }
        if (down) {
            path.push_back(core[a]);
            nodes[++level] = child(node, a);
            ++a;
            if (level == pair_level) entered = steps_, start = a;
        } else if (level == 0) {
            bound_ = found_;
            return;
        } else {
            a = nodes[--level].place + 1;
            path.pop_back();
        }
    }
    if (found_ >= bound_) return;
    Int open = found_;
    for (Int l = 0; l <= level; ++l) {
        const Int from = nodes[l].place + (l < level ? 1 : 0);
        open = std::max(open, nodes[l].worth + bound(from, slots_ - l, nodes[l]));
    }
    bound_ = std::min(bound_, open);
}

}  // namespace

Found search(const Candidates& candidates, Flags usable, View value, View forced,
             const Limits& limits) {
    return Search(candidates, value, forced, limits).run(usable);
}

}  // namespace saldopas::plan
