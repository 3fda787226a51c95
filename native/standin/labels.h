// A classifier's labels, wherever a model file has them.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace standin {

struct Labels {
  std::vector<std::string> strings;
  std::vector<int64_t> integers;
};

// Of a network's or a classic classifier's message: its fields 100 and 101.
void readClassifierLabels(std::string_view classifier, Labels &labels);

// Of the block of an ML Program's function: the constant that its "classify" operation takes.
void readProgramLabels(std::string_view block, Labels &labels);

} // namespace standin
