#include "tools/pbfs/plugin/plugin.h"
#include "tools/pbfs/session.h"

int main(int argc, char** argv) {
  using namespace pbfs::cli;
  if (pbfs::plugin::IsPluginName(argv[0])) return pbfs::plugin::PluginMain(argc, argv);
  CommandLine line;
  for (const auto add :
       {AddBucket, AddPut,  AddGet,     AddCat,    AddPatch,  AddAppend, AddTruncate, AddCp,    AddMv,  AddRm,
        AddLs,     AddStat, AddHistory, AddVerify, AddRehome, AddBench,  AddCluster,  AddLocal, AddJob, AddKey})
    add(line);
  return line.Main(argc, argv);
}
